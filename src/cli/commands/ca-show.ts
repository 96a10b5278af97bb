import { parseBundle } from "../../encoding/bundle.ts";
import { utf8Decode } from "../../encoding/bytes.ts";
import { decodePem } from "../../encoding/pem.ts";
import { isTrustDomain } from "../../spiffe/trust-domain.ts";
import { parseCertificate, type Certificate } from "../../svid/certificate.ts";
import { chainProblems } from "../ca/problems.ts";
import { defineCommand } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import { describeCertificates } from "../inspect/certificate.ts";
import { printDescriptions } from "../inspect/description.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";
import { formatTime, parseTime } from "../time.ts";

const MAX_CERTIFICATES = 64;

export default defineCommand({
  about:
    "Puts CA certificates, a chain or the X.509 authorities of a bundle into words, and says what is wrong with each as a CA of SPIFFE: profile, constraints, validity, whether each is signed by the next. For everything else there is svidmint inspect.",
  args: {
    file: {
      type: "positional",
      required: false,
      description: "PEM, DER or a bundle; standard input where there is none",
    },
    "trust-domain": {
      type: "string",
      valueHint: "NAME",
      description: "what they should be of [default: what each says of itself]",
    },
    at: { type: "string", valueHint: "TIME", description: "judge as of then [default: now]" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "a root before it is published", command: "svidmint ca show root-2027.pem" },
    {
      does: "what an issuer publishes",
      command:
        "curl -s https://id.example.org/bundle | svidmint ca show --trust-domain prod.example.org",
    },
  ],
  exits:
    "0 shown, and nothing is wrong but what warnings say, 1 something is wrong, 2 wrong usage or input",
  async run(args) {
    const name = args["trust-domain"];
    if (name !== undefined && !isTrustDomain(name))
      throw new UsageError("--trust-domain is not a trust domain");
    const now = args.at === undefined ? platform.now() : parseTime(args.at);
    const { certificates, chain } = certificatesIn(await readInput(args.file));
    const problems = chain
      ? await chainProblems(certificates, now, name)
      : (await Promise.all(certificates.map((one) => chainProblems([one], now, name)))).flat();
    const described = await describeCertificates(certificates.map(({ raw }) => raw));
    if (!described.ok) throw new CommandError(described.error.reason, 2);
    const wrong = problems.flat().some(({ severity }) => severity === "error");
    if (args.json === true) {
      printJson(
        described.value.map(({ data }, index) => ({ ...data, problems: problems[index] ?? [] })),
      );
    } else {
      printDescriptions(
        described.value.map((one, index) => ({
          ...one,
          notes: (problems[index] ?? []).map(({ severity, message }) => `${severity}: ${message}`),
        })),
      );
      print(
        printable(
          `\n${wrong ? "something is wrong" : "nothing is wrong"} as of ${formatTime(now)}`,
        ),
      );
    }
    return wrong ? 1 : 0;
  },
});

/** A file of PEM is a chain, a bundle is a set. @throws CommandError (2) */
function certificatesIn(bytes: Uint8Array): {
  readonly certificates: readonly Certificate[];
  readonly chain: boolean;
} {
  const text = utf8Decode(bytes)?.trim() ?? "";
  if (text.startsWith("{")) {
    const bundle = parseBundle(text);
    if (!bundle.ok) throw new CommandError(`not a bundle: ${bundle.error.reason}`, 2);
    const ders = bundle.value.x509Authorities.map(({ certificate }) => certificate);
    return { certificates: parsed(ders), chain: false };
  }
  const blocks = decodePem(text, "CERTIFICATE", { max: MAX_CERTIFICATES });
  return { certificates: parsed(blocks.ok ? blocks.value : [bytes]), chain: true };
}

function parsed(ders: readonly Uint8Array[]): readonly Certificate[] {
  if (ders.length === 0) throw new CommandError("there are no certificates in it", 2);
  return ders.map((der) => {
    const certificate = parseCertificate(der);
    if (certificate.ok) return certificate.value;
    throw new CommandError(
      `not a certificate: ${certificate.error.detail ?? certificate.error.reason}`,
      2,
    );
  });
}
