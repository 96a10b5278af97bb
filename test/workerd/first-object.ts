import { env } from "cloudflare:workers";

/**
 * The first Durable Object of a test file loads the code of its class, which on a busy machine takes longer than a claim
 * waits. A new one for each file: the test runner ends those whose class another file has loaded.
 */
export async function firstObject(): Promise<void> {
  await env.CLAIMS.get(env.CLAIMS.idFromName(`first.${crypto.randomUUID()}`)).show();
}
