import { encodePem } from "../../encoding/pem.ts";
import { parseSpki } from "../../encoding/public-key.ts";
import type { KeyKind } from "../../platform/platform.ts";
import { signingAlgorithm } from "../../signer/algorithms.ts";
import { wrapKey, wrappingContext } from "../../signer/envelope.ts";
import { thumbprint } from "../../platform/thumbprint.ts";
import { CommandError, UsageError } from "../errors.ts";
import type { NewFile } from "../files.ts";
import type { KeyAdmin, KeyRequest, KeySettings, KeyType } from "../key-services/key-admin.ts";
import { platform, privateKeyPem } from "../key-file.ts";
import { printable, printError } from "../output.ts";

/** Kinds that this process makes itself. */
const LOCAL: Readonly<Partial<Record<KeyType, KeyKind>>> = {
  p256: "P-256",
  p384: "P-384",
  rsa2048: "RSA-2048",
  ed25519: "Ed25519",
};

/** A new key's files and what its entry says of it. */
interface MadeKey {
  readonly files: readonly NewFile[];
  readonly settings: KeySettings;
}

export interface MakePlan {
  /** What will be written, so that nothing is made where a file of that name is there. */
  readonly paths: readonly string[];
  make(): Promise<MadeKey>;
}

/** A key in this machine's files: whoever reads them has it. @param base path without its ending */
export function localPlan({ type, use }: KeyRequest, base: string): MakePlan {
  const kind = LOCAL[type];
  if (kind === undefined || (kind === "Ed25519" && use !== "x509"))
    throw new UsageError(
      use === "x509"
        ? `local keys are of type ${Object.keys(LOCAL).join(", ")}`
        : `a local ${use} key is of type p256, p384 or rsa2048`,
    );
  const [key, pub] = [`${base}.key`, `${base}.pub`];
  return {
    paths: [key, pub],
    async make() {
      const made = await platform.generateKey(kind);
      return {
        files: [
          { path: key, content: await privateKeyPem(made), private: true },
          { path: pub, content: encodePem("PUBLIC KEY", made.publicKey.spki) },
        ],
        settings: {},
      };
    },
  };
}

/**
 * A key that is made here and encrypted by a data key of the service, which is asked for it once: its private half is
 * in memory for that long, and never in a file.
 */
export function wrappedPlan(
  request: KeyRequest,
  base: string,
  admin: KeyAdmin,
  settings?: KeySettings,
): MakePlan {
  const { type, use, trustDomain } = request;
  const kind = LOCAL[type];
  if (kind === undefined || kind === "Ed25519")
    throw new UsageError("a wrapped key is of type p256, p384 or rsa2048");
  const [wrapped, pub] = [`${base}.wrapped`, `${base}.pub`];
  return {
    paths: [wrapped, pub],
    async make() {
      if (admin.dataKey === undefined)
        throw new UsageError(`${admin.name} makes no data keys for this command`);
      const named = settings ?? (await created(request, admin));
      const key = await platform.generateKey(kind);
      const kid = await thumbprint(platform, key.publicKey.info);
      const dataKey = await admin.dataKey(named, wrappingContext({ trustDomain, use, kid }));
      const content = await wrapKey(key, { trustDomain, use }, dataKey, platform);
      dataKey.plain.fill(0);
      return {
        files: [
          { path: wrapped, content },
          { path: pub, content: encodePem("PUBLIC KEY", key.publicKey.spki) },
        ],
        settings: named,
      };
    },
  };
}

/** A key that stays in its service: made there where `settings` is absent; its public half is fetched. */
export function remotePlan(
  request: KeyRequest,
  base: string,
  admin: KeyAdmin,
  settings?: KeySettings,
): MakePlan {
  const path = `${base}.pub`;
  return {
    paths: [path],
    async make() {
      const named = settings ?? (await created(request, admin));
      const spki = await admin.publicKey(named);
      return {
        files: [{ path, content: encodePem("PUBLIC KEY", fitting(spki, request)) }],
        settings: named,
      };
    },
  };
}

/** Told at once: whatever fails after it, the key is there, and costs money. */
async function created(request: KeyRequest, admin: KeyAdmin): Promise<KeySettings> {
  const settings = await admin.create(request);
  printError(printable(`made in ${admin.name}: ${JSON.stringify(settings)}`));
  return settings;
}

function fitting(spki: Uint8Array, { use }: KeyRequest): Uint8Array {
  const info = parseSpki(spki);
  const chosen = info.ok ? signingAlgorithm(use, info.value) : info;
  if (chosen.ok) return spki;
  const { reason, detail = reason } = chosen.error;
  throw new CommandError(`the key cannot sign ${use} SVIDs: ${printable(detail)}`);
}
