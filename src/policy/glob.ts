/** `*` stands for any run of characters but `/` and `:`, the empty run included. There is nothing else to it. */
export interface Glob {
  readonly source: string;
  /** What stands before, between and after the stars: at least two. */
  readonly parts: readonly string[];
}

const MAX_STARS = 4;
const MAX_LENGTH = 256;

export function isGlob(text: string): boolean {
  return text.includes("*");
}

/** @returns what is wrong, as a message, where the pattern is not one that we match in linear time and on purpose */
export function compileGlob(source: string): Glob | string {
  if (source.length > MAX_LENGTH) return `a pattern has at most ${MAX_LENGTH} characters`;
  if (source.includes("**"))
    return "`**` means no more than `*`, which never crosses / or :, so write one star for each part";
  const parts = source.split("*");
  if (parts.length - 1 > MAX_STARS) return `a pattern has at most ${MAX_STARS} stars`;
  return { source, parts };
}

/**
 * Takes the leftmost place for each part. That is enough: a later place of the same part would only lengthen the run
 * before it, and a part that itself holds `/` or `:` has one place at most, since no run may cross its first one.
 * Cost: one search a part.
 */
export function globMatches({ parts }: Glob, value: string): boolean {
  const first = parts[0] ?? "";
  const last = parts[parts.length - 1] ?? "";
  const end = value.length - last.length;
  if (end < first.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  let at = first.length;
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index] ?? "";
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > end || !isRun(value, at, found)) return false;
    at = found + part.length;
  }
  return isRun(value, at, end);
}

function isRun(value: string, from: number, to: number): boolean {
  for (let index = from; index < to; index++) {
    const code = value.charCodeAt(index);
    if (code === 0x2f || code === 0x3a) return false;
  }
  return true;
}

/** Whether everything that `inner` matches is surely matched by `outer` too. Errs towards no. */
export function globCovers(outer: Glob, inner: Glob): boolean {
  if (outer.source === inner.source) return true;
  const innerFirst = inner.parts[0] ?? "";
  const innerLast = inner.parts[inner.parts.length - 1] ?? "";
  const outerFirst = outer.parts[0] ?? "";
  const outerLast = outer.parts[1] ?? "";
  return (
    outer.parts.length === 2 &&
    innerFirst.startsWith(outerFirst) &&
    innerLast.endsWith(outerLast) &&
    isRun(innerFirst, outerFirst.length, innerFirst.length) &&
    isRun(innerLast, 0, innerLast.length - outerLast.length) &&
    inner.parts.slice(1, -1).every((part) => isRun(part, 0, part.length))
  );
}
