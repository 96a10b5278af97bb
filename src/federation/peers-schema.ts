import * as z from "zod/mini";
import { durationSchema } from "../duration-schema.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { checkEndpoint } from "./endpoint-url.ts";

const DAY = 86_400;

/**
 * A trust domain that is not ours and that evidence or answers may need the keys of. The name above it says whose
 * bundle it is: a bundle does not say so itself, and neither URL, profile nor name is ever inferred from the others
 * (SPIFFE Federation §5.1).
 */
const peerSchema = () =>
  z
    .strictObject({
      /** Of the bundle endpoint; absent: `bundle` is pinned, and nothing is fetched. */
      url: z.optional(z.string()),
      profile: z.optional(z.enum(["https_web", "https_spiffe"])),
      /** Of whoever serves the endpoint, profile `https_spiffe`. */
      endpoint_spiffe_id: z.optional(
        z.string().check(
          z.refine(namesWorkload, {
            error: "expected a SPIFFE ID such as spiffe://partner.example/spire/server",
          }),
        ),
      ),
      /** A SPIFFE bundle document, as it was when somebody looked at it. */
      bundle: z.optional(z.string().check(z.regex(/^(?:file|data):./, "expected file: or data:"))),
      /** Documents of a lower `spiffe_sequence` are refused from the first on. */
      min_sequence: z.optional(z.number().check(z.int(), z.minimum(0))),
      /** After so long without a word from the peer its bundle is neither used nor handed out. */
      max_age: z.optional(durationSchema(300, 30 * DAY)),
      allow_private_addresses: z.optional(z.boolean()),
      /** What `exchange_to` lets workloads have JWT-SVIDs for: the peer's issuer URL. */
      audience: z.optional(z.string().check(z.minLength(1), z.maxLength(2048))),
    })
    .check(({ value, issues }) => {
      for (const [member, message] of misplaced(value))
        issues.push({ code: "custom", path: [member], message, input: value });
    });

/** Made where peers are configured. */
export const peersSchema = z.lazy(() => z.record(z.string(), peerSchema()));
export type PeerConfig = z.output<ReturnType<typeof peerSchema>>;
export type PeersConfig = z.output<typeof peersSchema>;

/** A SPIFFE ID without a path is that of a trust domain, which no X.509-SVID of an endpoint has. */
function namesWorkload(text: string): boolean {
  const id = parseSpiffeId(text);
  return id.ok && id.value.path !== "";
}

function* misplaced(peer: {
  readonly url?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint_spiffe_id?: string | undefined;
  readonly bundle?: string | undefined;
  readonly min_sequence?: number | undefined;
  readonly max_age?: unknown;
  readonly allow_private_addresses?: boolean | undefined;
}): Generator<readonly [member: string, message: string]> {
  if (peer.url === undefined) {
    if (peer.bundle === undefined) yield ["url", "expected url and profile, or a pinned bundle"];
    for (const member of [
      "profile",
      "endpoint_spiffe_id",
      "min_sequence",
      "max_age",
      "allow_private_addresses",
    ] as const)
      if (peer[member] !== undefined) yield [member, "is for a peer with a url"];
    return;
  }
  const wrong = checkEndpoint(peer.url, peer.allow_private_addresses === true);
  if (wrong !== undefined) yield ["url", wrong];
  if (peer.profile === undefined) yield ["profile", "expected https_web or https_spiffe"];
  const spiffe = peer.profile === "https_spiffe";
  if (spiffe !== (peer.endpoint_spiffe_id !== undefined))
    yield [
      "endpoint_spiffe_id",
      spiffe ? "is required for profile https_spiffe" : "is for profile https_spiffe",
    ];
  if (spiffe && peer.url.startsWith("http:"))
    yield ["url", "expected an https URL: profile https_spiffe is nothing without TLS"];
}
