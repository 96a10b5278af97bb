/**
 * What leaves for the terminal. Evidence, certificates and configuration may hold anything, so all of it passes
 * through `printable` or `printJson`: no escape sequence, line break or right-to-left mark of a stranger gets out.
 */

const ODD = /[^\x20-\x7e]/g;

/** One line of visible ASCII; anything else is written as its code point. */
export function printable(text: string): string {
  return text.replaceAll(ODD, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same for words of our own, which may have an ellipsis; in a stranger's it stays what it is. */
export function printableWords(text: string): string {
  return printable(text.replaceAll("…", "..."));
}

export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** For messages about the work, so that standard output holds the result alone. */
export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Indented, and ASCII: still the same JSON. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, undefined, 2).replaceAll(/[^\n\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  print(text);
}

/** Label and value in two columns. Values of `undefined` are left out; values are made printable. */
export function printFields(
  fields: readonly (readonly [string, string | undefined])[],
  indent = "",
): void {
  const shown = fields.filter(
    (field): field is readonly [string, string] => field[1] !== undefined,
  );
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  for (const [label, value] of shown) print(`${indent}${label.padEnd(width)}  ${printable(value)}`);
}
