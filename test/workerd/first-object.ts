import { env } from "cloudflare:workers";

/** The first Durable Object of a run loads the code of its class, which on a busy machine takes longer than a claim waits. */
export async function firstObject(): Promise<void> {
  await env.CLAIMS.get(env.CLAIMS.idFromName("first")).show();
}
