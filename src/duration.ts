const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A duration as configuration writes it: a whole number and one unit, `90s`, `10m`, `1h`, `30d`.
 * @returns seconds, at least 1; undefined for anything else, spaces, signs, fractions and leading zeros included
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text);
  const unit = SECONDS[match?.[2] ?? ""];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}
