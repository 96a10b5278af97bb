import crypto, { type KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

type Key = Parameters<typeof crypto.verify>[2];

interface Import {
  readonly kind: "import";
  readonly source: Parameters<typeof crypto.createPublicKey>[0];
  /** What it gave the last time. */
  key: KeyObject;
}

interface Verification {
  readonly kind: "verify";
  readonly algorithm: string | null | undefined;
  readonly data: NodeJS.ArrayBufferView;
  readonly key: Key;
  /** Where the key was imported for this verification: each replay imports it anew. */
  readonly imported: Import | undefined;
  readonly signature: NodeJS.ArrayBufferView;
}

/** A public-key operation that was asked of `node:crypto`, with its arguments. */
export type Operation = Import | Verification;

/**
 * What `work` asks of `node:crypto`, by whichever library: imports of public keys and verifications of signatures, in
 * their order. Meant for one process that measures: `node:crypto` is another one meanwhile.
 */
export async function record(work: () => Promise<void>): Promise<readonly Operation[]> {
  const operations: Operation[] = [];
  const imports = new Map<unknown, Import>();
  const { createPublicKey, verify } = crypto;
  const recording = {
    createPublicKey(source: Import["source"]): KeyObject {
      const key = createPublicKey(source);
      const operation: Import = { kind: "import", source, key };
      operations.push(operation);
      imports.set(key, operation);
      return key;
    },
    verify(
      algorithm: Verification["algorithm"],
      data: NodeJS.ArrayBufferView,
      key: Key,
      signature: NodeJS.ArrayBufferView,
    ): boolean {
      const imported = imports.get(key);
      operations.push({ kind: "verify", algorithm, data, key, imported, signature });
      return verify(algorithm, data, key, signature);
    },
  };
  replace(recording);
  try {
    await work();
  } finally {
    replace({ createPublicKey, verify });
  }
  return operations;
}

/** For those who required the module, and for those who imported names of it. */
function replace(functions: object): void {
  Object.assign(crypto, functions);
  syncBuiltinESMExports();
}

/** The same operations once more, and nothing around them. @throws where a signature does not verify */
export function replay(operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.kind === "import") {
      operation.key = crypto.createPublicKey(operation.source);
      continue;
    }
    const { algorithm, data, key, imported, signature } = operation;
    if (!crypto.verify(algorithm, data, imported?.key ?? key, signature))
      throw new Error("a signature does not verify");
  }
}
