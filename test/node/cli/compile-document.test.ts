import { describe, expect, it } from "vitest";
import { compileDocument } from "../../../src/cli/compile-document.ts";
import { ConfigError } from "../../../src/config-issue.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";

const FILES: Readonly<Record<string, string>> = {
  "file:root.pem": "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
  "file:keys.jwks": '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
  "file:key.pem": "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
  "file:ec.pem": "x\n-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n",
  "file:private.jwks": '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}]}',
  "file:private.jwk": '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}',
  "file:secret.jwk": '{"kty":"oct","k":"AA"}',
};
const read = async (reference: string): Promise<Uint8Array> => {
  const text = FILES[reference];
  if (text !== undefined) return utf8Encode(text);
  throw new ConfigError([{ path: [], message: "there is no such file", severity: "error" }]);
};

describe("compileDocument", () => {
  it("carries files along, and leaves everything else as it stands", async () => {
    const document = {
      trust_domain: "a",
      evidence: { oidc: { ci: { jwks: "file:keys.jwks", audience: "x" } } },
      keys: { x509: [{ certificate: "file:root.pem", private_key: "env:KEY" }] },
      rules: [{ evidence: { "oidc.ci": { ref: "file:root.pem" } } }],
      audit: { sink: "file:audit.log" },
    };
    const { document: compiled, issues } = await compileDocument(document, read);
    expect(issues).toEqual([]);
    expect(compiled).toEqual({
      ...document,
      evidence: {
        oidc: {
          ci: { jwks: `data:;base64,${btoa(FILES["file:keys.jwks"] ?? "")}`, audience: "x" },
        },
      },
      keys: {
        x509: [
          {
            certificate: `data:;base64,${btoa(FILES["file:root.pem"] ?? "")}`,
            private_key: "env:KEY",
          },
        ],
      },
    });
  });

  it.each([
    ["private_key", "file:key.pem"],
    ["private_key", "file:root.pem"],
    ["private_key", "file:absent.pem"],
    ["pin", "file:pin.txt"],
    ["certificate", "file:key.pem"],
    ["certificate", "file:ec.pem"],
    ["public_key", "file:private.jwk"],
    ["public_key", "file:private.jwks"],
    ["public_key", "file:secret.jwk"],
  ])("never carries a private key or PIN along: %s %s", async (member, reference) => {
    const { document, issues } = await compileDocument(
      { keys: { x509: [{ [member]: reference }] } },
      read,
    );
    expect(issues).toEqual([
      {
        path: ["keys", "x509", 0, member],
        severity: "error",
        message: expect.stringContaining("env:NAME"),
      },
    ]);
    expect(JSON.stringify(document)).not.toContain("data:");
  });

  it("carries the bundles of peers along", async () => {
    const peers = { "peer.example": { bundle: "data:;base64,e30=" } };
    expect(await compileDocument({ peers }, read)).toEqual({ document: { peers }, issues: [] });
    const absent = { "peer.example": { bundle: "file:absent" } };
    const { issues } = await compileDocument({ peers: absent }, read);
    expect(issues.map(({ path }) => path.join("."))).toEqual(["peers.peer.example.bundle"]);
  });

  it("says which file is not there", async () => {
    const { issues } = await compileDocument(
      { evidence: { oidc: { ci: { jwks: "file:absent" } } } },
      read,
    );
    expect(issues).toEqual([
      {
        path: ["evidence", "oidc", "ci", "jwks"],
        severity: "error",
        message: "there is no such file",
      },
    ]);
  });
});
