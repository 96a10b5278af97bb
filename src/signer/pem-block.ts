import { ConfigError, type ReadResource } from "../config-issue.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { decodePem } from "../encoding/pem.ts";

/** The one PEM block that a reference leads to. @returns undefined where `complain` was told what is wrong */
export async function readPemBlock(
  reference: string,
  label: string,
  read: ReadResource,
  complain: (message: string) => void,
): Promise<Uint8Array | undefined> {
  const blocks = await readPemBlocks(reference, label, 1, read, complain);
  return blocks?.[0];
}

/** Likewise, so many at most. */
export async function readPemBlocks(
  reference: string,
  label: string,
  max: number,
  read: ReadResource,
  complain: (message: string) => void,
): Promise<readonly Uint8Array[] | undefined> {
  let text: string | undefined;
  try {
    text = utf8Decode(await read(reference));
  } catch (error) {
    complain(reasonOf(error));
    return undefined;
  }
  const blocks = decodePem(text ?? "", label, { max });
  if (!blocks.ok) complain(wanted(label, max));
  return blocks.ok ? blocks.value : undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.issues.map(({ message }) => message).join("; ");
  return "cannot be read";
}

export function wanted(label: string, max = 1): string {
  return `must hold ${max === 1 ? "one pem block" : `1 to ${max} pem blocks`} "${label}" and nothing else`;
}
