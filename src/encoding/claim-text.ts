/** The form of claim values that are to be compared, logged and shown without any of it being misread. */

const MAX_SUBJECT = 255;
const MAX_AUDIENCE = 1000;

/** `sub` of OpenID Connect Core §2: 1 to 255 characters, none that a log, shell, query or page would interpret. */
export function isSubject(text: string): boolean {
  if (text.length === 0 || text.length > MAX_SUBJECT) return false;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u0020\u007f-\u00a0\u2028\u2029"'`<>[\]{};\\]/.test(text);
}

/** An audience that may be configured or asked for: what URLs and resource names consist of. */
export function isAudience(text: string): boolean {
  return text.length <= MAX_AUDIENCE && /^[a-zA-Z0-9._:/-]+$/.test(text);
}
