import { UsageError } from "./errors.ts";

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}):(\d{2})(?:\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * RFC 3339, or Unix seconds, to whole Unix seconds.
 * @throws UsageError for anything else: a clock guessed wrong would change a verdict
 */
export function parseTime(text: string): number {
  if (/^\d{1,11}$/.test(text)) return Number(text);
  const parts = RFC3339.exec(text);
  const [, day, minute, second, zone] = parts ?? [];
  const isLeap = second === "60";
  const time = `${minute}:${isLeap ? "59" : second}`;
  const ms = parts === null ? Number.NaN : Date.parse(`${day}T${time}${zone?.toUpperCase()}`);
  // `Date.parse` takes 30 February for 2 March: what it understood must be what was written.
  const same =
    !Number.isNaN(ms) &&
    new Date(Date.parse(`${day}T${time}Z`)).toISOString().startsWith(`${day}T${time}`);
  // A leap second has no number of its own in Unix time: it is told as the one after it, with which a month begins.
  const instant = ms + (isLeap ? 1000 : 0);
  if (!same || (isLeap && !new Date(instant).toISOString().endsWith("-01T00:00:00.000Z"))) {
    throw new UsageError("a time is RFC 3339 (2026-11-22T10:00:00Z) or Unix seconds");
  }
  return Math.floor(instant / 1000);
}

/** `2026-11-22T10:00:00Z`. */
export function formatTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  return Number.isNaN(date.getTime()) ? String(unixSeconds) : `${date.toISOString().slice(0, -5)}Z`;
}

/** `1 h 30 min`, for people. */
export function formatDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.abs(Math.round(seconds));
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const) {
    if (rest >= size) parts.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}
