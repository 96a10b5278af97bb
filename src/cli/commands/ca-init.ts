import { readCeremony } from "../ca/ceremony.ts";
import { draft, signDraft, subjectOf } from "../ca/sign.ts";
import { CA_OPTIONS, finish, printDraft } from "../ca/finish.ts";
import { defineCommand } from "../command.ts";
import { refuseExisting } from "../files.ts";

export default defineCommand({
  about:
    "Signs the root certificate of a trust domain with its own key, in a file or in a key service, as one YAML file says: trust_domain, subject, lifetime, path_length, name_constraints, key. What would be signed is read back and checked before the key is used. Nothing is asked of a person and nothing of a network but the key's own service, so that it runs on a machine that has none. svidmint keys create x509 writes the YAML.",
  args: {
    file: { type: "positional", required: true, description: "what is to be signed, YAML" },
    ...CA_OPTIONS,
  },
  examples: [
    { does: "what would be signed", command: "svidmint ca init root-2027.ca.yaml --dry-run" },
    { does: "sign it", command: "svidmint ca init root-2027.ca.yaml --out root-2027.pem" },
  ],
  exits:
    "0 done, 1 the key did not sign, or the file is there, 2 wrong usage or what it says is wrong",
  async run(args) {
    if (args.out !== undefined) await refuseExisting([args.out]);
    const ceremony = await readCeremony(args.file);
    const { config, notBefore, notAfter, pathLength, publicKey } = ceremony;
    const drafted = await draft(ceremony, {
      subject: subjectOf(config),
      info: publicKey.info,
      pathLength,
      notBefore,
      notAfter,
    });
    if (args["dry-run"] === true) return printDraft(drafted, args.json === true);
    const pem = await signDraft(ceremony, drafted, publicKey.info);
    return finish(pem, drafted.issues, args);
  },
});
