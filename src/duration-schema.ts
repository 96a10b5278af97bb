import * as z from "zod/mini";
import { parseDuration } from "./duration.ts";

const FORM = "expected a whole number and a unit: 90s, 10m, 1h or 30d";

/** A duration in configuration (`90s`, `10m`, `1h`, `30d`), read as seconds within bounds given in seconds. */
export function durationSchema(min: number, max: number) {
  return z.pipe(
    z.string(FORM).check(
      z.regex(/^[1-9]\d*[smhd]$/, FORM),
      z.refine(
        (text) => {
          const seconds = parseDuration(text) ?? min;
          return seconds >= min && seconds <= max;
        },
        { error: `expected ${formatDuration(min)} to ${formatDuration(max)}` },
      ),
    ),
    z.transform((text: string) => parseDuration(text) ?? min),
  );
}

/** Seconds as configuration would write them, in the largest unit that divides them. */
function formatDuration(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
