import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { FakeGcpKms } from "../../fakes/gcp-kms.ts";
import { UNSOUND } from "../../fakes/gcp-kms-faults.ts";
import { refuse } from "../../fakes/gcp-kms-protocol.ts";
import type { SimulatedService } from "./fault-world.ts";
import { simulatedKeys } from "./simulated-keys.ts";

const TOKEN = "ya29.issuer";

/** Google Cloud KMS, and the metadata server beside it. */
export function simulatedGcp(): SimulatedService {
  const kms = new FakeGcpKms(nodePlatform());
  kms.permissions.set(TOKEN, new Set(["useToSign"]));
  const signs = ({ url }: Request): boolean => new URL(url).pathname.startsWith("/v1/");
  return {
    backend: "gcp_kms",
    handle: async (request) =>
      signs(request)
        ? kms.handle(request)
        : Response.json({ access_token: TOKEN, expires_in: 3599, token_type: "Bearer" }),
    signs,
    keys: () => simulatedKeys((name, key) => kms.add(name, key, "EC_SIGN_P256_SHA256")),
    variables: (url) => ({
      GCE_METADATA_HOST: new URL(url).host,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: url,
    }),
    signed: () => kms.ledger.map(({ digest }) => Buffer.from(digest ?? []).toString("hex")),
    refusals: {
      "access denied": () => refuse(403, "PERMISSION_DENIED"),
      "a disabled key": () => refuse(400, "FAILED_PRECONDITION"),
      throttling: () => refuse(429, "RESOURCE_EXHAUSTED"),
      "a fault of its own": () => refuse(500, "INTERNAL"),
    },
    lies: UNSOUND,
  };
}
