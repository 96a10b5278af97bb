import type { IncomingMessage } from "node:http";

interface Target {
  /** As the request says it: of a target that is a whole URL its own, of any other the `Host` (RFC 9112 §3.2). */
  readonly authority: string | undefined;
  /** As it stands, with its query. */
  readonly path: string;
}

const WHOLE = /^https?:\/\/([^/?#]*)(.*)$/is;

/** Where a request wants to go. Nothing of it is checked. */
export function targetOf({ url = "", headers }: Pick<IncomingMessage, "url" | "headers">): Target {
  const whole = url.startsWith("/") ? null : WHOLE.exec(url);
  if (whole === null) return { authority: headers.host, path: url };
  return { authority: whole[1], path: whole[2] ?? "" };
}
