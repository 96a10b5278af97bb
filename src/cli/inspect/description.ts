import { print, printable, printFields } from "../output.ts";

/** Something put into words: the same facts for a person and, as `data`, for a program. */
export interface Description {
  readonly title: string;
  readonly fields: readonly (readonly [label: string, value: string | undefined])[];
  /** What a person should know of it: `not verified: …`. */
  readonly notes?: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

export function printDescriptions(descriptions: readonly Description[]): void {
  for (const [index, { title, fields, notes }] of descriptions.entries()) {
    if (index > 0) print();
    print(printable(title));
    printFields(fields, "  ");
    for (const note of notes ?? []) print(`  ${printable(note)}`);
  }
}
