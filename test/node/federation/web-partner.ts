import { implicit } from "../../../src/encoding/der/writer.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { guardedWebEndpoint } from "../../../src/federation/node/guarded-fetch.ts";
import { federation } from "../../../src/federation/open-peers.ts";
import { peersSchema } from "../../../src/federation/peers-schema.ts";
import type { HeldPeers } from "../../../src/federation/held-peers.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import { peerGauges } from "../../../src/issuer/peer-gauges.ts";
import { peersContext } from "../../../src/issuer/peers-context.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { extension, platform, testCa, type Fields } from "../../unit/svid/forge.ts";
import type { Shown } from "./tls-server.ts";

/** A partner whose endpoint has a certificate of the Web's kind, and what an issuer makes of its answers. */

const DAY = 86_400;
const TODAY = Math.floor(Date.now() / 1000);
/** TLS goes by the real clock. */
const valid = { notBefore: TODAY - DAY, notAfter: TODAY + DAY };
const root = await testCa("web root", valid);
const key = await platform.generateKey("P-256");
export const CA = encodePem("CERTIFICATE", root.der);

export async function webCertificate(name = "localhost", fields: Fields = {}): Promise<Shown> {
  const leaf = await root.issue({
    spki: key.publicKey.spki,
    ...valid,
    extensions: [
      extension.keyUsage([0]),
      extension.purposes(OID.serverAuth),
      extension.notCa(),
      extension.altNames(implicit(2, utf8Encode(name))),
    ],
    ...fields,
  });
  return { chain: [leaf], key };
}

export interface Partner {
  readonly held: HeldPeers;
  readonly lines: Record<string, unknown>[];
  /** Asks again, however soon. @returns the outcome that was counted */
  refresh(): Promise<string>;
  kids(): string[] | undefined;
  metrics(): string;
}

export async function partnerAt(port: number, timeoutMs = 20_000): Promise<Partner> {
  let now = TODAY;
  const clocked = nodePlatform({ now: () => now });
  const lines: Record<string, unknown>[] = [];
  const metrics = createMetrics();
  const open = federation({
    https_web: (peer) => guardedWebEndpoint(peer, undefined, { ca: CA, timeoutMs }),
  });
  const entry = { url: `https://localhost:${port}/bundle`, profile: "https_web" };
  const config = peersSchema.parse({
    "partner.example": { ...entry, allow_private_addresses: true },
  });
  const held = await open(config, {
    platform: clocked,
    trustDomain: "prod.example",
    read: () => Promise.reject(new Error("nothing to read")),
    report: ({ message }) => {
      throw new Error(message);
    },
  });
  const audit = { write: (line: string) => void lines.push(JSON.parse(line)) };
  held.bind(peersContext({ trustDomain: "prod.example", platform: clocked, audit, metrics }));
  peerGauges(metrics, held, () => now);
  return {
    held,
    lines,
    async refresh() {
      now += 3700;
      await held.refreshAll(() => now);
      return held.states(now)[0]?.lastError?.code ?? "refreshed";
    },
    kids: () => held.states(now)[0]?.held?.bundle.jwtAuthorities.map(({ kid }) => kid),
    metrics: () => metrics.render(),
  };
}
