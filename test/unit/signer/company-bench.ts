import { parseCsr } from "../../../src/encoding/csr.ts";
import { ascii, implicit, octets } from "../../../src/encoding/der/writer.ts";
import { spkiOf } from "../../../src/encoding/public-key.ts";
import type { SigningAuthority } from "../../../src/signer/authority.ts";
import type { IntermediateRequest, KeyHandle } from "../../../src/signer/backend.ts";
import type { ModeSettings } from "../../../src/signer/mode.ts";
import { openUpstream } from "../../../src/signer/upstream.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { caOf, extension, type Fields, type TestCa } from "../svid/forge.ts";
import { trustDomain } from "../svid/mint.ts";
import { DAY, modeKey, T, type ModeBench } from "./mode-bench.ts";

const usualConstraints = extension.nameConstraints(
  [],
  [implicit(2, ascii("")), ...[8, 32].map((length) => implicit(7, new Uint8Array(length)))],
);

/** A company's CA that certifies as a test says, well or badly. */

interface Shape {
  readonly pathLength?: number | undefined;
  readonly notCa?: boolean;
  readonly uses?: readonly number[];
  readonly uris?: readonly string[];
  readonly more?: readonly Uint8Array[];
}

export type Certify = (company: {
  /** The configured root. */
  readonly ca: TestCa;
  /** What was asked for, by this CA, but for what is changed. */
  requested(by: TestCa, fields?: Fields, shape?: Shape): Promise<Uint8Array>;
  /** A CA below another. */
  between(by: TestCa, shape: Shape, fields?: Fields): Promise<TestCa>;
}) => Promise<readonly Uint8Array[]>;

async function extensions(
  bench: ModeBench,
  spki: Uint8Array,
  shape: Shape,
): Promise<readonly Uint8Array[]> {
  const keyId = await subjectKeyIdOf(spki, bench.platform);
  const { uris = [`spiffe://${trustDomain}`], uses = [5], more = [] } = shape;
  return [
    shape.notCa === true ? extension.notCa() : extension.ca(shape.pathLength),
    extension.keyUsage(uses),
    encodeExtension(OID.subjectKeyId, false, octets(keyId)),
    ...(uris.length > 0 ? [extension.uris(uris, false)] : []),
    ...more,
  ];
}

async function companyRoot(bench: ModeBench): Promise<TestCa> {
  const key = await bench.platform.generateKey("P-256");
  const all = await extensions(bench, key.publicKey.spki, { pathLength: 2, uris: [] });
  const fields = { notBefore: T - DAY, notAfter: T + 365 * DAY, extensions: all };
  return caOf("company root", key, fields);
}

/** An authority below such a CA. */
export async function below(
  bench: ModeBench,
  certify: Certify,
  requests: IntermediateRequest[] = [],
  more: Partial<ModeSettings> = {},
): Promise<{ authority: SigningAuthority }> {
  const ca = await companyRoot(bench);
  let count = 0;
  const handle: KeyHandle = {
    upstream: () => ({
      async certify(request) {
        bench.history.push("asked");
        requests.push(request);
        const csr = parseCsr(request.csr);
        if (!csr.ok) throw new Error(csr.error.detail);
        const spki = spkiOf(csr.value.info);
        return certify({
          ca,
          requested: async (by, fields = {}, shape = {}) =>
            by.issue({
              subject: "svidmint ca",
              spki,
              notBefore: T - 60,
              notAfter: request.notAfter,
              extensions: await extensions(bench, spki, {
                pathLength: 0,
                more: [usualConstraints],
                ...shape,
              }),
              ...fields,
            }),
          async between(by, shape, fields = {}) {
            const key = await bench.platform.generateKey("P-256");
            const all = await extensions(bench, key.publicKey.spki, { uris: [], ...shape });
            const own = { notBefore: T - DAY, notAfter: T + 30 * DAY, extensions: all };
            return caOf(`issuing ${count++}`, key, { ...own, ...fields }, by);
          },
        });
      },
    }),
  };
  const mode = { mode: "upstream", ...more } as const;
  const key = await modeKey(bench, "x509", ca.key, mode, handle, ca.certificate);
  const { authority } = await openUpstream(key, bench.deps);
  if (authority === undefined) throw new Error(bench.complaints.join("; "));
  return { authority };
}
