import type { Glob } from "./glob.ts";

/**
 * The texts that one segment of a rule's path can be: exactly `prefix`, or anything that begins with `prefix`, ends
 * with `suffix` and has at least `min` characters between them. Always at least what is really possible, so that two
 * shapes that do not meet prove that two segments differ.
 */
export type Shape =
  | { readonly exact: true; readonly prefix: string }
  | {
      readonly exact: false;
      readonly prefix: string;
      readonly suffix: string;
      readonly min: number;
    };

export function exactShape(text: string): Shape {
  return { exact: true, prefix: text };
}

export function anyShape(prefix: string, suffix: string): Shape {
  return { exact: false, prefix, suffix, min: 1 };
}

export function globShape(prefix: string, { parts }: Glob, suffix: string): Shape {
  const first = parts[0] ?? "";
  const last = parts[parts.length - 1] ?? "";
  return { exact: false, prefix: prefix + first, suffix: last + suffix, min: 0 };
}

/** Whether some text is both. */
export function shapesMeet(one: Shape, other: Shape): boolean {
  if (one.exact) return other.exact ? one.prefix === other.prefix : contains(other, one.prefix);
  if (other.exact) return contains(one, other.prefix);
  return (
    (one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix)) &&
    (one.suffix.endsWith(other.suffix) || other.suffix.endsWith(one.suffix))
  );
}

function contains(shape: Shape & { exact: false }, text: string): boolean {
  return (
    text.length >= shape.prefix.length + shape.suffix.length + shape.min &&
    text.startsWith(shape.prefix) &&
    text.endsWith(shape.suffix)
  );
}

export function shapeKey(shape: Shape): string {
  return shape.exact ? shape.prefix : `${shape.prefix}*${shape.min}*${shape.suffix}`;
}
