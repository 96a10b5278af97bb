import { describe, expect, it } from "vitest";
import { DIGEST, provenance, simulateSigstore } from "../../../fakes/node/sigstore.ts";
import { NOW, verdict, world } from "./support.ts";

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a document that is taken apart
const good = await world.attest(provenance());
const text = JSON.stringify(good);
const OTHER = "b".repeat(64);

/** The good bundle after an edit by hand. */
function edited(change: (bundle: Json) => void): Json {
  const bundle: Json = JSON.parse(text);
  change(bundle);
  return bundle;
}
const entry = (bundle: Json): Json => bundle["verificationMaterial"].tlogEntries[0];
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
const statement = (parts: Json): Json => provenance(parts);
const predicate = (parts: Json): Json => {
  const { predicate: whole }: Json = provenance();
  return statement({ predicate: { ...whole, ...parts } });
};
const subject = (...digests: readonly Json[]): Json => ({
  subject: digests.map((digest) => ({ name: "app", digest })),
});

describe("a bundle that was put together by somebody else", () => {
  it("another digest in the statement, under the old signature", async () => {
    const bundle = edited((one) => {
      one["dsseEnvelope"].payload = encoded(statement(subject({ sha256: OTHER })));
    });
    expect(await verdict(bundle)).toBe("log_proof_invalid");
  });

  it("another certificate of the same signer", async () => {
    const other: Json = await world.attest(provenance());
    const bundle = edited((one) => {
      one["verificationMaterial"].certificate = other["verificationMaterial"].certificate;
    });
    expect(await verdict(bundle)).toBe("signature_invalid");
  });

  it("an entry of the log that is another statement's (CVE-2026-22703, CVE-2022-36056)", async () => {
    const other: Json = await world.attest(statement(subject({ sha256: OTHER })));
    const bundle = edited((one) => {
      one["verificationMaterial"].tlogEntries = other["verificationMaterial"].tlogEntries;
    });
    expect(await verdict(bundle)).toBe("log_proof_invalid");
  });

  it("a signature of another key", async () => {
    expect(await verdict(await world.attest(provenance(), { forged: true }))).toBe(
      "signature_invalid",
    );
  });

  it.each(["none", "unknown"] as const)(
    "a certificate that no known log has seen: %s",
    async (certificateLog) => {
      const bundle = await world.attest(provenance(), { certificateLog });
      expect(await verdict(bundle)).toBe("certificate_chain_invalid");
    },
  );

  it("everything genuine, but of another certificate authority and other logs", async () => {
    const elsewhere = await simulateSigstore(NOW);
    expect(await verdict(await elsewhere.attest(provenance()))).toBe("certificate_chain_invalid");
  });
});

describe("the log's proof", () => {
  const forged: readonly (readonly [string, (one: Json) => void, string])[] = [
    ["no entry", (one) => (one["verificationMaterial"].tlogEntries = []), "evidence_malformed"],
    [
      "one entry twice (CVE-2026-49834)",
      (one) => one["verificationMaterial"].tlogEntries.push(entry(one)),
      "evidence_malformed",
    ],
    ["no proof of inclusion", (one) => delete entry(one)["inclusionProof"], "evidence_malformed"],
    [
      "no promise, hence no time",
      (one) => delete entry(one)["inclusionPromise"],
      "log_proof_invalid",
    ],
    [
      "another time than the promise's",
      (one) => (entry(one)["integratedTime"] = String(NOW + 1)),
      "log_proof_invalid",
    ],
    ["another index", (one) => (entry(one)["logIndex"] = "1"), "log_proof_invalid"],
    [
      "a path into another tree",
      (one) => (entry(one)["inclusionProof"].hashes = [Buffer.alloc(32).toString("base64")]),
      "log_proof_invalid",
    ],
    [
      "a checkpoint of a tree that is bigger",
      (one) => {
        const { checkpoint } = entry(one)["inclusionProof"];
        checkpoint.envelope = checkpoint.envelope.replace("\n1\n", "\n2\n");
      },
      "log_proof_invalid",
    ],
    [
      "a checkpoint whose size is no number",
      (one) => {
        const { checkpoint } = entry(one)["inclusionProof"];
        checkpoint.envelope = checkpoint.envelope.replace("\n1\n", "\nx\n");
      },
      "log_proof_invalid",
    ],
    [
      "a checkpoint that is huge",
      (one) => (entry(one)["inclusionProof"].checkpoint.envelope += "x".repeat(4096)),
      "evidence_malformed",
    ],
    [
      "a body that is no JSON",
      (one) => (entry(one)["canonicalizedBody"] = "AAAA"),
      "log_proof_invalid",
    ],
    [
      "another kind of entry",
      (one) => (entry(one)["kindVersion"].kind = "hashedrekord"),
      "log_proof_invalid",
    ],
  ];
  it.each(forged)("%s", async (_, change, reason) => {
    expect(await verdict(edited(change))).toBe(reason);
  });

  it("of a log that nobody named", async () => {
    const bundle = await world.attest(provenance(), { log: { foreign: true } });
    expect(await verdict(bundle)).toBe("log_proof_invalid");
  });

  it("of a time when the certificate had ended, or had not begun (CVE-2026-54787)", async () => {
    for (const at of [NOW + 601, NOW - 1]) {
      const bundle = await world.attest(provenance(), { log: { at: at * 1000 } }); // oxlint-disable-line no-await-in-loop -- two
      expect(await verdict(bundle, { now: NOW + 3600 })).toBe("certificate_chain_invalid"); // oxlint-disable-line no-await-in-loop
    }
  });

  it("of a time that has not come", async () => {
    expect(await verdict(good, { now: NOW - 61 })).toBe("evidence_not_yet_valid");
  });
});

describe("a statement that is signed and is no provenance of one artifact", () => {
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ["two subjects", statement(subject({ sha256: DIGEST }, { sha256: OTHER })), "claim_value"],
    ["no subject", statement({ subject: [] }), "claim_value"],
    ["a subject that is no list", statement({ subject: { digest: {} } }), "claim_type"],
    ["a digest of another kind alone", statement(subject({ sha512: "a" })), "claim_missing"],
    ["capitals", statement(subject({ sha256: DIGEST.toUpperCase() })), "claim_value"],
    ["a short digest", statement(subject({ sha256: "a" })), "claim_value"],
    ["a long digest", statement(subject({ sha256: `${DIGEST}0` })), "claim_value"],
    ["a digest with a line break", statement(subject({ sha256: `${DIGEST}\n` })), "claim_value"],
    [
      "a digest with its algorithm",
      statement(subject({ sha256: `sha256:${DIGEST}` })),
      "claim_value",
    ],
    ["a list for a digest", statement(subject({ sha256: [DIGEST] })), "claim_type"],
    [
      "an older statement",
      statement({ _type: "https://in-toto.io/Statement/v0.1" }),
      "claim_value",
    ],
    ["another predicate", statement({ predicateType: "https://spdx.dev/Document" }), "claim_value"],
    ["no predicate", statement({ predicate: undefined }), "claim_missing"],
    ["no builder", predicate({ runDetails: {} }), "claim_missing"],
    ["a builder without id", predicate({ runDetails: { builder: {} } }), "claim_missing"],
    ["a builder of no name", predicate({ runDetails: { builder: { id: "" } } }), "claim_type"],
    ["no type of build", predicate({ buildDefinition: {} }), "claim_missing"],
    [
      "a type of build that is no text",
      predicate({ buildDefinition: { buildType: 1 } }),
      "claim_type",
    ],
    ["a list", [provenance()], "json_malformed"],
    ["no JSON (CVE-2022-35929, CVE-2026-39395)", "payload", "json_malformed"],
    [
      "one name twice",
      JSON.stringify(provenance()).replace('"subject":', `"subject":[],"subject":`),
      "json_duplicate_key",
    ],
  ];
  it.each(wrong)("%s", async (_, payload, reason) => {
    expect(await verdict(await world.attest(payload))).toBe(reason);
  });

  it("another type of payload", async () => {
    for (const payloadType of ["application/json", "application/vnd.in-toto+json; x"]) {
      const bundle = await world.attest(provenance(), { payloadType }); // oxlint-disable-line no-await-in-loop -- two
      expect(await verdict(bundle)).toBe("evidence_malformed"); // oxlint-disable-line no-await-in-loop
      Object(bundle["dsseEnvelope"]).payloadType = "application/vnd.in-toto+json";
      expect(await verdict(bundle)).toBe("signature_invalid"); // oxlint-disable-line no-await-in-loop
    }
  });
});

describe("the form", () => {
  const forms: readonly (readonly [string, Json | string, string])[] = [
    ["beyond 48 KiB", text.padEnd(49_153), "evidence_too_large"],
    ["beyond 48 KiB in bytes", `${text}${"é".repeat(24_000)}`, "evidence_too_large"],
    [
      "an older version",
      edited((one) => (one["mediaType"] = one["mediaType"].replace(".v0.3", ".v0.2"))),
      "evidence_malformed",
    ],
    ["a version that begins so", edited((one) => (one["mediaType"] += "x")), "evidence_malformed"],
    ["an unknown member", edited((one) => (one["x"] = 1)), "evidence_malformed"],
    [
      "a signature of an artifact",
      edited((one) => {
        delete one["dsseEnvelope"];
        one["messageSignature"] = {};
      }),
      "evidence_malformed",
    ],
    [
      "a chain in place of a certificate",
      edited((one) => {
        const material = one["verificationMaterial"];
        material.x509CertificateChain = { certificates: [material.certificate] };
        delete material.certificate;
      }),
      "evidence_malformed",
    ],
    [
      "a key in place of a certificate",
      edited((one) => {
        one["verificationMaterial"].publicKey = { hint: "x" };
        delete one["verificationMaterial"].certificate;
      }),
      "evidence_malformed",
    ],
    [
      "two signatures",
      edited((one) => one["dsseEnvelope"].signatures.push(one["dsseEnvelope"].signatures[0])),
      "evidence_malformed",
    ],
    ["no signature", edited((one) => (one["dsseEnvelope"].signatures = [])), "evidence_malformed"],
    [
      "a certificate that is none",
      edited((one) => (one["verificationMaterial"].certificate.rawBytes = "AAAA")),
      "certificate_malformed",
    ],
    [
      "a certificate that nests for ever",
      edited(
        (one) =>
          (one["verificationMaterial"].certificate.rawBytes = Buffer.alloc(
            9000,
            Buffer.from([0x30, 0x80]),
          ).toString("base64")),
      ),
      "certificate_malformed",
    ],
    [
      "one name twice",
      text.replace('"mediaType":', '"mediaType":"x","mediaType":'),
      "json_duplicate_key",
    ],
  ];
  it.each(forms)("%s", async (_, bundle, reason) => {
    expect(await verdict(bundle)).toBe(reason);
  });
});
