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
  let text: string | undefined;
  try {
    text = utf8Decode(await read(reference));
  } catch (error) {
    complain(reasonOf(error));
    return undefined;
  }
  const blocks = decodePem(text ?? "", label, { max: 1 });
  if (!blocks.ok) complain(wanted(label));
  return blocks.ok ? blocks.value[0] : undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.issues.map(({ message }) => message).join("; ");
  return "cannot be read";
}

export function wanted(label: string): string {
  return `must hold one pem block "${label}" and nothing else`;
}
