import { parseBundle } from "../../../src/encoding/bundle.ts";
import { verifyWitSvid, type WitSvid } from "../../../src/svid/verify-wit-svid.ts";
import { TRUST_DOMAIN } from "../issuer/names.ts";
import { ISSUER, type Workload, type World } from "../issuer/world.ts";

interface Answer {
  readonly spiffe_id: string;
  readonly wit: { readonly token: string; readonly expires_at: number };
}

export async function post(world: World, body: object, by?: Workload): Promise<Response> {
  const text = JSON.stringify(body);
  return world.post(text, by && { dpop: await by.dpop(text) });
}

/** Verified with what `/bundle/wit` publishes. */
export async function witOf(
  world: World,
  answer: Response,
): Promise<{ wit: WitSvid; token: string; answer: Answer }> {
  const parsed = (await answer.json()) as Answer;
  if (answer.status !== 200) throw new Error(JSON.stringify(parsed));
  const document = await (await world.fetch(new Request(`${ISSUER}/bundle/wit`))).text();
  const bundle = parseBundle(document);
  if (!bundle.ok) throw new Error(bundle.error.reason);
  const rules = { trustDomain: TRUST_DOMAIN, now: world.now };
  const { token } = parsed.wit;
  const verified = await verifyWitSvid(token, bundle.value.witAuthorities, rules, world.platform);
  if (!verified.ok) throw new Error(verified.error.reason);
  return { wit: verified.value, token, answer: parsed };
}
