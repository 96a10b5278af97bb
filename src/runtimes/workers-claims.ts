import { claimsResponse } from "../handlers/claims.ts";
import { webCryptoPlatform } from "../platform/webcrypto.ts";
import { openDurableObject } from "../stores/workers/durable-object.ts";

/**
 * A Worker of the operators' own, beside the issuer: lets `svidmint claims` work on the issuer's Durable Objects, which
 * only Workers reach. `CLAIMS` is bound to the issuer's class, `SVIDMINT_CLAIMS_TOKEN` a secret of 32 characters or more.
 */
interface ClaimsEnv {
  readonly SVIDMINT_CLAIMS_TOKEN?: unknown;
  readonly [name: string]: unknown;
}

const MIN_TOKEN_LENGTH = 32;

export default {
  async fetch(request: Request, env: ClaimsEnv): Promise<Response> {
    const { SVIDMINT_CLAIMS_TOKEN: token } = env;
    if (typeof token !== "string" || token.length < MIN_TOKEN_LENGTH) {
      console.error(`SVIDMINT_CLAIMS_TOKEN is no secret of ${MIN_TOKEN_LENGTH} characters or more`);
      return new Response("not found\n", { status: 404 });
    }
    const store = await openDurableObject(
      { store: "durable_object" },
      {
        platform: webCryptoPlatform(),
        trustDomain: "", // of snapshots only, which no operator asks for
        read: () => Promise.reject(new Error("refers to nothing")),
        env: (name) => env[name],
        report: () => undefined,
      },
    );
    return claimsResponse(request, store, token, (line) => console.log(line)); // oxlint-disable-line no-console -- the log of this platform
  },
} satisfies ExportedHandler<ClaimsEnv>;
