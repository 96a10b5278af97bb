import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";

/** One file of C2SP/wycheproof, reduced to what a signature verifier needs. Absent where `../shared` is. */
export interface SignatureSuite {
  readonly file: string;
  readonly groups: readonly {
    readonly publicKeyDer: string;
    readonly scheme: SignatureScheme;
    readonly form: "der" | "raw";
    readonly tests: readonly SignatureCase[];
  }[];
}
export interface SignatureCase {
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

export function signatureSuites(): readonly SignatureSuite[] {
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
