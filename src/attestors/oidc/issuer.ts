/** Whether two issuers are one to a reader: case of the host and a trailing slash aside. */
export function sameIssuer(a: string, b: string): boolean {
  return folded(a) === folded(b);
}

function folded(issuer: string): string {
  return (URL.canParse(issuer) ? new URL(issuer).href : issuer).replace(/\/+$/, "");
}
