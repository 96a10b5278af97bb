import { dirname, join } from "node:path";
import { stringify } from "yaml";
import * as z from "zod/mini";
import { formatInstant } from "../../signer/instant.ts";
import { ceremonyText } from "../ca/template.ts";
import { isTrustDomain } from "../../spiffe/trust-domain.ts";
import { readData, readDocument } from "../config.ts";
import { defineCommand } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import { refuseExisting, writeAllNew } from "../files.ts";
import { keyAdmin } from "../key-services/admins.ts";
import {
  KEY_TYPES,
  type KeyAdmin,
  type KeyRequest,
  type KeySettings,
} from "../key-services/key-admin.ts";
import { localPlan, remotePlan, wrappedPlan, type MakePlan } from "../keys/make.ts";
import { CONFIG_OPTION, USE_ARGUMENT, useArgument } from "../keys/load.ts";
import { checkBackend, checkedEntry, newEntry } from "../keys/new-entry.ts";
import { platform } from "../key-file.ts";
import { print, printable, printError, printJson } from "../output.ts";

const settingsSchema = z.record(z.string(), z.unknown());

export default defineCommand({
  about:
    "Makes a signing key and prints its entry for keys:. A local key is written to a file (mode 0600). A key in a service is made there only with --create, by your credentials; with --key its public half is fetched; in mode wrapped, the key is made here and encrypted by a data key of the service; with neither, the commands that make it are printed, with the least permission that the issuer needs. Files are written beside the configuration; for an x509 key also the input of svidmint ca init, which signs its certificate.",
  args: {
    ...USE_ARGUMENT,
    ...CONFIG_OPTION,
    id: { type: "string", valueHint: "ID", required: true, description: "name of the key" },
    backend: {
      type: "string",
      valueHint: "NAME",
      default: "local",
      description: "where the key lies: local, aws_kms, gcp_kms, azure_key_vault, vault_transit",
    },
    mode: {
      type: "string",
      valueHint: "MODE",
      description: "how it signs [default: the first that the backend has]",
    },
    type: {
      type: "enum",
      valueHint: "TYPE",
      options: [...KEY_TYPES],
      default: "p256",
      description: "kind of key; ed25519 is for local x509 keys",
    },
    key: {
      type: "string",
      valueHint: "KEY",
      description: "a key that is there already, as its service names it",
    },
    settings: {
      type: "string",
      valueHint: "FILE",
      description:
        "other members of the entry that its backend needs, YAML: login of Vault, module and pin of a token",
    },
    "wrapping-key": {
      type: "string",
      valueHint: "FILE",
      description: "pkcs11, mode wrapped: public half of the token's RSA key, PEM",
    },
    where: {
      type: "string",
      valueHint: "PLACE",
      description:
        "where to make it: a region of AWS, a key ring of Google (projects/…), a vault of Azure or an engine of Vault (https://…) [default: AWS_REGION, VAULT_ADDR]",
    },
    create: { type: "boolean", description: "make the key in its service" },
    out: { type: "string", valueHint: "FILE", description: "write the entry to this file" },
    force: { type: "boolean", description: "overwrite files" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "a local JWT key", command: "svidmint keys create jwt --id jwt-8" },
    {
      does: "how to make one in AWS KMS by hand",
      command: "svidmint keys create jwt --id jwt-8 --backend aws_kms --where eu-central-1",
    },
    {
      does: "make it there, and plan its rotation",
      command:
        "svidmint keys create jwt --id jwt-8 --backend aws_kms --where eu-central-1 --create --out jwt-8.entry.yaml && svidmint keys plan-rotation jwt --entry jwt-8.entry.yaml",
    },
  ],
  async run(args) {
    const use = useArgument(args.use);
    const trustDomain = await trustDomainIn(args.config);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(args.id))
      throw new UsageError("--id is 1 to 64 letters, digits, dots, hyphens and underscores");
    const mode = checkBackend(use, args.backend, args.mode);
    const type = KEY_TYPES.find((one) => one === args.type) ?? "p256";
    const request = { id: args.id, use, mode, type, trustDomain, where: args.where };
    const folder = dirname(args.config);
    const base = join(folder, args.id);
    const admin = await keyAdmin(args.backend, args["wrapping-key"]);
    const more = args.settings === undefined ? {} : await readData(args.settings, settingsSchema);
    const named = { ...more, ...(args.key !== undefined && { key: args.key }) };
    if (args.backend !== "local" && args.create !== true && named["key"] === undefined) {
      if (admin === undefined) throw unknownService(args.backend);
      tellByHand(request, admin, args.json === true);
      return 0;
    }
    const plan = planFor(request, base, admin, named, args);
    const ceremony = use === "x509" ? [`${base}.ca.yaml`] : [];
    const out = args.out === undefined ? [] : [args.out];
    if (args.force !== true) await refuseExisting([...plan.paths, ...ceremony, ...out]);
    const { files, settings } = await plan.make();
    const entry = newEntry(use, {
      id: args.id,
      backend: args.backend,
      ...(args.mode !== undefined && { mode }),
      settings: { ...more, ...settings },
      publishedAt: formatInstant(platform.now()),
    });
    checkedEntry(use, entry, "say --key as the service names it");
    const text = stringify([entry], { lineWidth: 0 });
    const written = [
      ...files,
      ...ceremony.map((path) => ({
        path,
        content: ceremonyText(trustDomain, ceremonyEntry(entry)),
      })),
      ...out.map((path) => ({ path, content: text })),
    ];
    await writeAllNew(written, args.force === true);
    const least = admin?.leastPolicy(mode, settings);
    if (args.json === true) {
      printJson({ use, entry, files: written.map(({ path }) => path), ...(least && { least }) });
      return 0;
    }
    for (const { path } of written) printError(printable(`wrote ${path}`));
    if (args.out === undefined) print(text.trimEnd());
    if (least !== undefined) printError(`\nthe least that the issuer needs:\n${least}`);
    printError(`\n${nextStep(use, args.id, base, args.out)}`);
    return 0;
  },
});

/** The one thing that a key has to do with a configuration, whose keys may not be there yet. */
async function trustDomainIn(path: string): Promise<string> {
  const { trust_domain: name } = await readDocument(path);
  if (typeof name === "string" && isTrustDomain(name)) return name;
  throw new CommandError(`${printable(path)} names no trust domain`, 2);
}

function planFor(
  request: KeyRequest,
  base: string,
  admin: KeyAdmin | undefined,
  named: KeySettings,
  { backend, create }: { readonly backend: string; readonly create?: boolean | undefined },
): MakePlan {
  const there = named["key"] !== undefined;
  if (backend === "local") {
    if (there || create === true)
      throw new UsageError("--key and --create are for keys in a service");
    return localPlan(request, base);
  }
  if (admin === undefined) throw unknownService(backend);
  if (there && create === true)
    throw new UsageError("--key names a key that is there, --create makes one: leave one out");
  const plan = request.mode === "wrapped" ? wrappedPlan : remotePlan;
  return plan(request, base, admin, there ? named : undefined);
}

/** A ceremony needs the public half, which the entry of a certificate has in the certificate. */
function ceremonyEntry(
  entry: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { id, backend } = entry;
  return backend === "local" ? entry : { ...entry, public_key: `file:${String(id)}.pub` };
}

function tellByHand(request: KeyRequest, admin: KeyAdmin, json: boolean): void {
  const commands = admin.byHand(request);
  const least = admin.leastPolicy(request.mode, {});
  if (json) {
    printJson({ commands, least });
    return;
  }
  printError(`${admin.name} was asked nothing; --create makes the key. By hand:`);
  for (const command of commands) print(printable(command));
  printError(`\nthe least that the issuer needs:\n${least}`);
  printError(`\nthen: svidmint keys create ${request.use} --id ${request.id} … --key KEY`);
}

function nextStep(use: string, id: string, base: string, out: string | undefined): string {
  const entry = out ?? "ENTRY.yaml";
  const plan = `svidmint keys plan-rotation ${use} --entry ${entry}, or add the entry to keys.${use}`;
  return use === "x509"
    ? `next: svidmint ca init ${base}.ca.yaml --out ${base}.pem, then ${plan}`
    : `next: ${plan} as ${id}`;
}

function unknownService(backend: string): UsageError {
  return new UsageError(`keys of ${backend} are not made by this command: see docs/signers`);
}
