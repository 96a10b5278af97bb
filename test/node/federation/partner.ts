import type { Bundle } from "../../../src/encoding/bundle.ts";
import { spiffeEndpoint } from "../../../src/federation/node/spiffe-endpoint.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import {
  extension,
  NOW,
  platform,
  testCa,
  type Fields,
  type TestCa,
} from "../../unit/svid/forge.ts";
import { leafWith } from "../../unit/svid/leaves.ts";
import type { Shown } from "./tls-server.ts";

/** A partner's bundle endpoint, and the client that asks it. */

export const ID = "spiffe://partner.example/svidmint/bundle-endpoint";
export const BODY = '{"keys":[]}';
export const node = nodePlatform({ now: () => NOW });

export const root = await testCa("root");
export const key = await platform.generateKey("P-256");

export function bundleOf(...cas: readonly TestCa[]): Bundle {
  return {
    x509Authorities: cas.map((ca) => ({ certificate: ca.der, info: ca.key.publicKey.info })),
    jwtAuthorities: [],
    witAuthorities: [],
  };
}

export async function leaf(fields: Fields = {}, by = root, uris = [ID]): Promise<Uint8Array> {
  return by.issue({
    spki: key.publicKey.spki,
    extensions: leafWith({ uris: extension.uris(uris) }),
    ...fields,
  });
}

export const good = async (): Promise<Shown> => ({ chain: [await leaf()], key });

interface Asked {
  readonly bundle?: Bundle | undefined;
  readonly etag?: string;
  readonly allowPrivate?: boolean;
  readonly timeoutMs?: number;
  readonly host?: string;
}

export function ask(port: number, asked: Asked = {}) {
  const { bundle = bundleOf(root), etag, allowPrivate = true, timeoutMs = 20_000 } = asked;
  const url = `https://${asked.host ?? "127.0.0.1"}:${port}/bundle?of=all`;
  const endpoint = { url, allowPrivate, endpointId: ID, endpointBundle: () => bundle };
  return spiffeEndpoint(endpoint, node, { timeoutMs })(
    etag === undefined ? { url } : { url, etag },
  );
}
