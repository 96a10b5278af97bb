import { expect, it } from "vitest";
import { fromHex } from "../../src/encoding/bytes.ts";
import { ecdsaDerToRaw } from "../../src/encoding/ecdsa.ts";
import type { HashName, PublicKey, SignatureScheme } from "../../src/encoding/primitives.ts";
import { parseSpki } from "../../src/encoding/public-key.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { expectVerdicts, type Verdict } from "./tally.ts";

/** One file of C2SP/wycheproof, reduced to what a signature verifier needs. Absent where `../shared` is. */
interface SignatureSuite {
  readonly file: string;
  readonly groups: readonly {
    readonly publicKeyDer: string;
    readonly scheme: SignatureScheme;
    readonly form: "der" | "raw";
    readonly tests: readonly SignatureCase[];
  }[];
}
interface SignatureCase {
  readonly tcId: number;
  readonly comment: string;
  readonly msg: string;
  readonly sig: string;
  readonly result: "valid" | "invalid" | "acceptable";
}

interface Group {
  readonly type: string;
  readonly sha?: HashName;
  readonly publicKeyDer: string;
  readonly tests: readonly SignatureCase[];
}

const files = import.meta.glob<string>(
  [
    "../../../shared/vectors/third-party/wycheproof/ecdsa_*_test.json",
    "../../../shared/vectors/third-party/wycheproof/rsa_*_test.json",
    "../../../shared/vectors/third-party/wycheproof/ed25519_test.json",
  ],
  { query: "?raw", import: "default", eager: true },
);

function signatureSuites(): readonly SignatureSuite[] {
  return Object.entries(files).map(([path, text]) => {
    const { testGroups }: { readonly testGroups: readonly Group[] } = JSON.parse(text);
    return {
      file: path.slice(path.lastIndexOf("/") + 1),
      groups: testGroups.map((group) => ({
        publicKeyDer: group.publicKeyDer,
        scheme: schemeOf(group),
        form: group.type === "EcdsaVerify" ? "der" : "raw",
        tests: group.tests,
      })),
    };
  });
}

function schemeOf({ type, sha = "SHA-256" }: Group): SignatureScheme {
  if (type.startsWith("Ecdsa")) return { name: "ECDSA", hash: sha };
  if (type === "EddsaVerify") return { name: "Ed25519" };
  return { name: type === "RsassaPssVerify" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", hash: sha };
}

/** Every signature of the suite, with the key imported and not. */
export function wycheproofSignatures(platform: Platform): void {
  const suites = signatureSuites();
  it.skipIf(suites.length === 0)("finds the Wycheproof signatures in ../shared", () => {
    expect(suites.length).toBe(10);
  });
  it.each(suites.map((suite) => [suite.file, suite] as const))(
    "Wycheproof %s",
    { timeout: 60_000 },
    async (file, { groups }) => {
      const wrong: string[] = [];
      const verdicts: Verdict[] = [];
      for (const { publicKeyDer, scheme, form, tests } of groups) {
        const info = parseSpki(fromHex(publicKeyDer) ?? new Uint8Array(0));
        if (!info.ok) throw new Error("the vectors' keys are sound");
        const key = await platform.importPublicKey(info.value);
        if (!key.ok) throw new Error("the vectors' keys are sound");
        const metOnce = { info: info.value, spki: key.value.spki };
        for (const test of tests) {
          const accepted = await accepts(platform, scheme, key.value, form, test);
          if (test.result !== "acceptable")
            verdicts.push({ id: test.tcId, good: test.result === "valid", accepted });
          if ((await accepts(platform, scheme, metOnce, form, test)) !== accepted)
            wrong.push(`${test.tcId}: another verdict with the key not imported`);
        }
      }
      expect(wrong).toEqual([]);
      expectVerdicts(`Wycheproof ${file}`, verdicts);
    },
  );
}

async function accepts(
  platform: Platform,
  scheme: SignatureScheme,
  key: PublicKey,
  form: "der" | "raw",
  { msg, sig }: SignatureCase,
): Promise<boolean> {
  const bytes = fromHex(sig) ?? new Uint8Array(0);
  const data = fromHex(msg) ?? new Uint8Array(0);
  if (form === "raw") return platform.verify(scheme, key, bytes, data);
  if (key.info.type !== "EC") throw new Error("DER forms are for EC keys");
  const raw = ecdsaDerToRaw(bytes, key.info.curve);
  return raw.ok && platform.verify(scheme, key, raw.value, data);
}
