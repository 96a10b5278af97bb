import { parseCsr, verifyCsr } from "../../encoding/csr.ts";
import { parseDuration } from "../../duration.ts";
import { equalBytes, utf8Decode } from "../../encoding/bytes.ts";
import { decodePem } from "../../encoding/pem.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { parseSpki, spkiOf } from "../../encoding/public-key.ts";
import { isSelfIssued, parseCertificate, type Certificate } from "../../svid/certificate.ts";
import { checkSigningCertificate } from "../../svid/signing-certificate.ts";
import { readCeremony } from "../ca/ceremony.ts";
import { CA_OPTIONS, finish, printDraft } from "../ca/finish.ts";
import { draft, signDraft, subjectOf } from "../ca/sign.ts";
import { defineCommand } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import { readInput, refuseExisting } from "../files.ts";
import { platform } from "../key-file.ts";
import { printable } from "../output.ts";
import { formatTime } from "../time.ts";

export default defineCommand({
  about:
    "Signs an intermediate CA certificate (path length 0) of the trust domain under a root, for a key that others hold: of a certificate request, whose signature is checked and of which only the key is taken, or of a bare public key that you vouch for. The YAML is that of svidmint ca init, with the root's key; its subject is that of the root, and --name names the intermediate.",
  args: {
    file: { type: "positional", required: true, description: "the root's YAML" },
    root: { type: "string", valueHint: "FILE", required: true, description: "its certificate" },
    csr: { type: "string", valueHint: "FILE", description: "certificate request, PEM" },
    "public-key": {
      type: "string",
      valueHint: "FILE",
      description: "in place of a request: a key in a service, say, PEM",
    },
    name: { type: "string", valueHint: "NAME", required: true, description: "its common name" },
    lifetime: {
      type: "string",
      valueHint: "DURATION",
      default: "365d",
      description: "of the intermediate; it never outlives the root",
    },
    ...CA_OPTIONS,
  },
  examples: [
    {
      does: "a year for a key in a service, under an offline root",
      command:
        "svidmint ca sign-intermediate root-2027.ca.yaml --root root-2027.pem --public-key online-1.pub --name online-1 --out online-1.pem",
    },
  ],
  exits:
    "0 done, 1 the key did not sign, or the file is there, 2 wrong usage or what it says is wrong",
  async run(args) {
    if ((args.csr === undefined) === (args["public-key"] === undefined))
      throw new UsageError("give the key by --csr or by --public-key");
    const life = parseDuration(args.lifetime);
    if (life === undefined) throw new UsageError("--lifetime is a duration such as 365d");
    if (args.out !== undefined) await refuseExisting([args.out]);
    const ceremony = await readCeremony(args.file);
    const root = await readRoot(args.root, ceremony.publicKey.info, ceremony.trustDomain);
    const info =
      args.csr === undefined ? await keyOfFile(args["public-key"] ?? "") : await keyOfCsr(args.csr);
    if (equalBytes(spkiOf(info), spkiOf(root.info)))
      throw new UsageError("that is the root's own key: an intermediate has a key of its own");
    const notBefore = platform.now() - 60;
    const drafted = await draft(ceremony, {
      subject: [
        ...subjectOf(ceremony.config).filter((part) => !("CN" in part)),
        { CN: [args.name] },
      ],
      info,
      pathLength: 0,
      notBefore,
      notAfter: Math.min(notBefore + life, root.notAfter),
      issuer: root,
    });
    if (args["dry-run"] === true) return printDraft(drafted, args.json === true);
    const pem = await signDraft(ceremony, drafted, root.info);
    return finish(pem, drafted.issues, args);
  },
});

async function block(path: string, label: string): Promise<Uint8Array> {
  const text = utf8Decode(await readInput(path, 65_536));
  const blocks = decodePem(text ?? "", label, { max: 1 });
  const [der] = blocks.ok ? blocks.value : [];
  if (der === undefined)
    throw new CommandError(`${printable(path)} is not one PEM block "${label}"`, 2);
  return der;
}

/** @throws CommandError (2) where it cannot have an intermediate, or is of another key than the ceremony's */
async function readRoot(
  path: string,
  key: PublicKeyInfo,
  trustDomain: Parameters<typeof checkSigningCertificate>[1]["trustDomain"],
): Promise<Certificate> {
  const parsed = parseCertificate(await block(path, "CERTIFICATE"));
  if (!parsed.ok)
    throw new CommandError(`${printable(path)}: ${parsed.error.detail ?? parsed.error.reason}`, 2);
  const root = parsed.value;
  const rules = { trustDomain, now: platform.now(), key, signs: "intermediates" } as const;
  const errors = checkSigningCertificate(root, rules)
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message);
  if (!isSelfIssued(root)) errors.push("is not a root: it is not self-signed");
  if (errors.length === 0) return root;
  throw new CommandError(
    `${printable(path)} (valid to ${formatTime(root.notAfter)}): ${printable(errors.join("; "))}`,
    2,
  );
}

async function keyOfCsr(path: string): Promise<PublicKeyInfo> {
  const csr = parseCsr(await block(path, "CERTIFICATE REQUEST"));
  const key = csr.ok ? await platform.importPublicKey(csr.value.info) : csr;
  const good = csr.ok && key.ok ? await verifyCsr(csr.value, key.value, platform) : key;
  if (csr.ok && good.ok) return csr.value.info;
  const { reason, detail = reason } = good.ok ? { reason: "csr_malformed" } : good.error;
  throw new CommandError(`${printable(path)}: ${printable(detail)}`, 2);
}

async function keyOfFile(path: string): Promise<PublicKeyInfo> {
  const info = parseSpki(await block(path, "PUBLIC KEY"));
  if (info.ok) return info.value;
  throw new CommandError(`${printable(path)}: ${info.error.detail ?? info.error.reason}`, 2);
}
