/**
 * The values that an entry lists under a member whose name a preset gives: one text or several.
 * @returns undefined where there is none
 */
export function textsOf(entry: object, name: string): readonly string[] | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(entry, name)?.value;
  const values: unknown[] = [value].flat();
  return values.every((one) => typeof one === "string") ? values : undefined;
}
