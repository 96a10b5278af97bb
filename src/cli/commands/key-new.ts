import { buildCsr } from "../../client/csr.ts";
import { thumbprint } from "../../platform/thumbprint.ts";
import { boundAudience } from "../../attestors/binding.ts";
import { audienceBases } from "../audience-bases.ts";
import { defineCommand } from "../command.ts";
import { writeAllNew } from "../files.ts";
import { KEY_KINDS, platform, privateKeyPem } from "../key-file.ts";
import { print, printFields, printJson } from "../output.ts";
import { BASE_OPTIONS } from "../evidence-target.ts";

export default defineCommand({
  about:
    "Makes a workload's private key and a certificate request for it, and prints the key's thumbprint and S: the audience (or nonce) to ask the cloud for, so that the evidence is good for this key alone. Neither file is sent anywhere; the key is never printed.",
  args: {
    out: {
      type: "string",
      valueHint: "NAME",
      default: "svid",
      description: "writes NAME.key (mode 0600) and NAME.csr",
    },
    type: {
      type: "enum",
      valueHint: "TYPE",
      options: Object.keys(KEY_KINDS),
      default: "p256",
      description: "kind of key; a rule must allow ed25519 by its key_types",
    },
    ...BASE_OPTIONS,
    force: { type: "boolean", description: "overwrite both files" },
    json: { type: "boolean", description: "print JSON, the CSR included" },
  },
  examples: [
    { does: "a key for the issuer configured in this folder", command: "svidmint key new" },
    {
      does: "a key for an issuer elsewhere",
      command: "svidmint key new --out api --issuer https://id.example.org",
    },
  ],
  async run(args) {
    const bases = await audienceBases(args.issuer, args.config);
    const key = await platform.generateKey(KEY_KINDS[args.type] ?? "P-256");
    const csr = await buildCsr(platform, key);
    const keyPath = `${args.out}.key`;
    const csrPath = `${args.out}.csr`;
    await writeAllNew(
      [
        { path: keyPath, content: await privateKeyPem(key), private: true },
        { path: csrPath, content: csr },
      ],
      args.force === true,
    );
    const jkt = await thumbprint(platform, key.publicKey.info);
    const audiences = bases.map(({ evidence, base }) => ({
      evidence,
      s: boundAudience(base, jkt),
    }));
    if (args.json === true) {
      const named = Object.fromEntries(audiences.slice(1).map(({ evidence, s }) => [evidence, s]));
      printJson({
        key: keyPath,
        csr: csrPath,
        thumbprint: jkt,
        ...(audiences[0] && { s: audiences[0].s }),
        ...(audiences.length > 1 && { s_of: named }),
        csr_pem: csr,
      });
      return 0;
    }
    printFields([
      ["key", `${keyPath} (private: keep it on this machine)`],
      ["CSR", csrPath],
      ["thumbprint", jkt],
      ...audiences.map(
        ({ evidence, s }) => [evidence === "" ? "S" : `S for ${evidence}`, s] as const,
      ),
    ]);
    if (audiences.length === 0) print("For S, give --issuer URL or --config FILE.");
    return 0;
  },
});
