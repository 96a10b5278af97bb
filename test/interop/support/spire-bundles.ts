import { setTimeout as sleep } from "node:timers/promises";
import { TRUST_DOMAIN } from "../../../scripts/interop/configuration.ts";
import type { SpirePeer } from "../../../scripts/interop/spire.ts";
import type { Svidmint } from "../../../scripts/interop/svidmint.ts";
import type { BundleDocument } from "./svids.ts";

/** Our bundle as SPIRE holds it. */
export async function bundleInSpire(spire: SpirePeer): Promise<BundleDocument | undefined> {
  const words = ["bundle", "list", "-id", `spiffe://${TRUST_DOMAIN}`, "-format", "spiffe"];
  const printed = await spire.command(...words).catch(() => "");
  return printed === "" ? undefined : JSON.parse(printed);
}

/** SPIRE's bundle as svidmint hands it on. */
export async function bundleOfSpire(
  issuer: Svidmint,
  { trustDomain }: SpirePeer,
): Promise<BundleDocument> {
  const url = `${issuer.url}/bundles/${trustDomain}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return JSON.parse(await response.text());
}

/** Looks until it holds. @throws when that takes longer than the refresh hints do */
export async function until(holds: () => Promise<boolean>, seconds = 40): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${holds.toString()}`);
    await sleep(250);
  }
}
