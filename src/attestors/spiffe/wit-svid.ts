import type { Jws } from "../../encoding/jws.ts";
import type { Platform } from "../../platform/platform.ts";
import { thumbprint } from "../../platform/thumbprint.ts";
import { ok, type Result } from "../../result.ts";
import type { TokenRules } from "../../svid/read-token.ts";
import { checkWitSvidHeader, readWitSvid } from "../../svid/verify-wit-svid.ts";
import type { Examined } from "./examined.ts";
import { checkWpt, verifyWpt } from "./wpt.ts";

export interface WitSvidOptions {
  readonly platform: Platform;
  /** The URL that a proof must be made for. */
  readonly endpoint: string;
}

/** A WIT-SVID is bound to the key in it: the one that the request has to prove, and that signed the proof beside it. */
export async function examineWitSvid(
  { token, jws, wpt }: { readonly token: string; readonly jws: Jws; readonly wpt: Jws },
  rules: TokenRules,
  { platform, endpoint }: WitSvidOptions,
): Promise<Result<Examined>> {
  const header = checkWitSvidHeader(jws);
  if (!header.ok) return header;
  const svid = readWitSvid(jws.claims, rules);
  if (!svid.ok) return svid;
  const target = { token, audience: endpoint, now: rules.now };
  const fits = await checkWpt(wpt, svid.value, target, platform);
  if (!fits.ok) return fits;
  const jkt = await thumbprint(platform, svid.value.key);
  return ok({
    subject: svid.value,
    binding: { kind: "key", jkt },
    authorities: ({ witAuthorities }) => witAuthorities,
    proof: () => verifyWpt(wpt, svid.value, platform),
  });
}
