import { expect } from "vitest";
import type { Platform } from "../../../src/platform/platform.ts";
import type { KeyHandle } from "../../../src/signer/backend.ts";
import { openGcpKms } from "../../../src/signer/gcp-kms.ts";
import { FakeGcpKms, RING } from "../../fakes/gcp-kms.ts";
import { listen } from "../../fakes/node/listen.ts";

/** Of the service account that the metadata server speaks for: it may sign and decrypt, and do nothing else. */
export const ISSUER_TOKEN = "ya29.issuer";

/** The simulated service on loopback, with a metadata server beside it. */
export interface SimulatedKms extends AsyncDisposable {
  readonly service: FakeGcpKms;
  readonly url: string;
  /** The name of a key that decrypts. */
  readonly encrypts: string;
  /** What sends an issuer there. */
  readonly env: Readonly<Record<string, string>>;
  open(key: string): Promise<KeyHandle>;
}

export async function startGcpKms(platform: Platform): Promise<SimulatedKms> {
  const service = new FakeGcpKms(platform);
  service.permissions.set(ISSUER_TOKEN, new Set(["useToSign", "useToDecrypt"]));
  const served = await listen(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/computeMetadata/v1/instance/service-accounts/default/token")
      return service.handle(request);
    if (request.headers.get("metadata-flavor") !== "Google")
      return new Response("Missing Metadata-Flavor:Google header.", { status: 403 });
    return Response.json({ access_token: ISSUER_TOKEN, expires_in: 3599, token_type: "Bearer" });
  });
  const env: Record<string, string> = {
    GCE_METADATA_HOST: new URL(served.url).host,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: served.url,
  };
  const nothing = () => Promise.reject(new Error("reads nothing"));
  return {
    service,
    url: served.url,
    encrypts: `${RING}/cryptoKeys/wrap`,
    env,
    async open(key) {
      const handle = await openGcpKms(
        { key },
        {
          platform,
          read: nothing,
          readPrivate: nothing,
          env: (name) => env[name],
          complain: (field, message) => expect.fail(`${field}: ${message}`),
        },
      );
      if (handle === undefined) throw new Error("no handle");
      return handle;
    },
    [Symbol.asyncDispose]: () => served.close(),
  };
}
