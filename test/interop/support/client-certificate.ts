import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Leaf } from "./minted.ts";

interface Shown {
  /** Of HTTP; undefined where TLS was refused. */
  readonly status: number | undefined;
  readonly body?: string;
  readonly peer?: string;
}

/** What a server on loopback says to a client with this certificate. Its own is not looked at: it is not on trial. */
export async function showTo(port: number, leaf?: Leaf): Promise<Shown> {
  const shown = leaf === undefined ? {} : { cert: leaf.chain, key: leaf.key };
  const trial = { rejectUnauthorized: false, agent: false, timeout: 30_000 };
  const asked = request({ host: "127.0.0.1", port, ...shown, ...trial });
  asked.on("timeout", () => asked.destroy());
  try {
    asked.end();
    const [answer]: IncomingMessage[] = await once(asked, "response");
    if (answer === undefined) throw new Error("no answer");
    let body = "";
    for await (const chunk of answer) body += String(chunk);
    const { "x-peer": peer } = answer.headers;
    return { status: answer.statusCode, body, ...(typeof peer === "string" && { peer }) };
  } catch {
    return { status: undefined };
  }
}
