import type { Result } from "../../src/result.ts";
import type { IntermediateLog, SigningAuthority, X509Key } from "../../src/signer/authority.ts";

/** Writes nothing down. */
const noLog: IntermediateLog = {
  record: () => Promise.resolve({ ok: true, value: undefined }),
  note: () => undefined,
  signingFailure: () => Promise.resolve({ reason: "signer_unavailable" }),
};

/** What signs leaves at `now`; fails where there is nothing. */
export async function leafKey(
  authority: SigningAuthority | undefined,
  now: number,
  log = noLog,
): Promise<X509Key> {
  const key = await authority?.key(now, log);
  if (key?.ok !== true) throw new Error(key?.error.reason ?? "no authority");
  return key.value;
}

/** The same authority, with something of its key exchanged. */
export function withLeafKey(
  authority: SigningAuthority | undefined,
  change: (key: X509Key) => X509Key,
): SigningAuthority | undefined {
  const changed = (key: Result<X509Key>): Result<X509Key> =>
    key.ok ? { ok: true, value: change(key.value) } : key;
  return (
    authority && {
      ...authority,
      async key(now, log) {
        return changed(await authority.key(now, log));
      },
    }
  );
}
