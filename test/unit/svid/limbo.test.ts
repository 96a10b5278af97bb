import { describe, expect, it } from "vitest";
import { decodePem } from "../../../src/encoding/pem.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { parseCertificate, type Certificate } from "../../../src/svid/certificate.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { validatePath } from "../../../src/svid/path.ts";
import { OUT_OF_SCOPE } from "./limbo-scope.ts";

const FILES = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/x509-limbo/limbo.*.json",
  { query: "?raw", import: "default", eager: true },
);

interface Case {
  readonly id: string;
  readonly validation_kind: "SERVER" | "CLIENT";
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string;
  readonly expected_result: "SUCCESS" | "FAILURE";
  readonly max_chain_depth: number | null;
}

/** What a single hostile chain may cost, in milliseconds. (The clock of workerd stands still while code runs.) */
const MAX_MS = 100;
const platform = webCryptoPlatform();

function parse(pem: string): Certificate | undefined {
  const der = decodePem(pem, "CERTIFICATE");
  const parsed = der.ok ? parseCertificate(der.value[0] ?? new Uint8Array()) : der;
  return parsed.ok ? parsed.value : undefined;
}

/** @returns undefined where the chain is accepted, else the reason */
async function judge(test: Case): Promise<string | undefined> {
  const leaf = parse(test.peer_certificate);
  if (leaf === undefined) return "leaf malformed";
  const result = await validatePath(
    leaf,
    test.untrusted_intermediates.map(parse).filter((parsed) => parsed !== undefined),
    test.trusted_certs.map(parse).filter((parsed) => parsed !== undefined),
    {
      now: Date.parse(test.validation_time) / 1000,
      purposes: [test.validation_kind === "CLIENT" ? OID.clientAuth : OID.serverAuth],
      // RFC 5280 lets a CA be the last of a path; for servers on the web that is not so.
      leaf: test.id.startsWith("webpki::") ? "end_entity" : "any",
      ...(test.max_chain_depth === null ? {} : { maxIntermediates: test.max_chain_depth }),
    },
    platform,
  );
  return result.ok ? undefined : (result.error.detail ?? "");
}

const suites = Object.entries(FILES).map(([path, text]) => {
  const { testcases }: { readonly testcases: readonly Case[] } = JSON.parse(text);
  return { file: path.slice(path.lastIndexOf("/") + 1), testcases };
});

describe.skipIf(suites.length === 0)("x509-limbo (../shared)", () => {
  it.each(suites)("$file: accepts nothing that it must reject", async ({ file, testcases }) => {
    const mustReject = testcases.filter((test) => test.expected_result === "FAILURE");
    const accepted: string[] = [];
    for (const test of mustReject)
      if (!OUT_OF_SCOPE.has(test.id) && (await judge(test)) === undefined) accepted.push(test.id);
    expect(accepted).toEqual([]);
    const waived = mustReject.filter((test) => OUT_OF_SCOPE.has(test.id));
    console.info(
      `${file}: soundness failures 0 of ${mustReject.length - waived.length}, out of scope ${waived.map(({ id }) => id).join(", ")}`,
    );
  });

  it.each(suites)("$file: accepts all that it must accept", async ({ file, testcases }) => {
    const mustAccept = testcases.filter((test) => test.expected_result === "SUCCESS");
    const refused: string[] = [];
    for (const test of mustAccept) {
      const problem = await judge(test);
      if (problem !== undefined) refused.push(`${test.id}: ${problem}`);
    }
    expect(refused).toEqual([]);
    console.info(
      `${file}: completeness ${mustAccept.length} of ${mustAccept.length}, nothing waived`,
    );
  });

  it.each(suites)("$file: no chain is expensive", async ({ testcases }) => {
    const slow: string[] = [];
    for (const test of testcases.filter(({ id }) => id.startsWith("pathological::"))) {
      await judge(test);
      // The best of ten: what is slow of itself is slow each time, a busy machine is not.
      let ms = Infinity;
      for (let round = 0; round < 10 && ms > MAX_MS; round++) {
        const from = performance.now();
        await judge(test);
        ms = Math.min(ms, performance.now() - from);
      }
      if (ms > MAX_MS) slow.push(`${test.id}: ${Math.round(ms)} ms`);
    }
    expect(slow).toEqual([]);
  });

  it("lists nothing as out of scope without need", async () => {
    const needed = new Set<string>();
    for (const test of suites.flatMap(({ testcases }) => testcases))
      if (OUT_OF_SCOPE.has(test.id) && (await judge(test)) === undefined) needed.add(test.id);
    expect([...OUT_OF_SCOPE.keys()].filter((id) => !needed.has(id))).toEqual([]);
  });
});
