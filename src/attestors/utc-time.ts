/** Exactly `YYYY-MM-DDThh:mm:ssZ`, a date of the calendar. @returns Unix seconds */
export function parseUtcTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const milliseconds = Date.parse(text);
  // Date.parse rolls 24:00:00 over to the next day; what was written must come back.
  if (Number.isNaN(milliseconds)) return undefined;
  const written = new Date(milliseconds).toISOString();
  return written === `${text.slice(0, -1)}.000Z` ? milliseconds / 1000 : undefined;
}
