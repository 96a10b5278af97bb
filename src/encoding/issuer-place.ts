/** Where an issuer URL is, as requests name it. */
export interface IssuerPlace {
  /** Lower case; with its scheme's port both left out and spelt out. */
  readonly authorities: readonly string[];
  /** The path, without a slash at its end: empty at the root. */
  readonly base: string;
}

/** @param url one that `isIssuerUrl` admits */
export function issuerPlace(url: string): IssuerPlace {
  const { protocol, host, port, pathname } = new URL(url);
  const implied = `${host}:${protocol === "https:" ? 443 : 80}`;
  return {
    authorities: port === "" ? [host, implied] : [host],
    base: pathname.replace(/\/$/, ""),
  };
}

/** Whether some request could be for either: a scheme is nothing that a request tells. */
export function placesMeet(one: IssuerPlace, other: IssuerPlace): boolean {
  return (
    one.authorities.some((authority) => other.authorities.includes(authority)) &&
    (`${one.base}/`.startsWith(`${other.base}/`) || `${other.base}/`.startsWith(`${one.base}/`))
  );
}
