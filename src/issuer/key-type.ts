import type { PublicKeyInfo } from "../encoding/primitives.ts";
import type { SvidKeyType } from "../policy/grants.ts";
import { fail, ok, type Result } from "../result.ts";

/** @returns `key_unsupported` for a key of a kind that the deciding rule does not take */
export function checkKeyType(info: PublicKeyInfo, allowed: readonly SvidKeyType[]): Result<void> {
  const type = keyTypeOf(info);
  if (type !== undefined && allowed.includes(type)) return ok(undefined);
  return fail("key_unsupported", `the rule takes ${allowed.join(", ")}`);
}

function keyTypeOf(info: PublicKeyInfo): SvidKeyType | undefined {
  switch (info.type) {
    case "RSA":
      return "rsa";
    case "Ed25519":
      return "ed25519";
    case "EC":
      return info.curve === "P-256" ? "p256" : info.curve === "P-384" ? "p384" : undefined;
  }
}
