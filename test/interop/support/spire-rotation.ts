import * as z from "zod/mini";
import type { SpirePeer } from "../../../scripts/interop/spire.ts";

const authority = z.object({ authority_id: z.string() });
const shownSchema = z.object({ active: authority, prepared: z.optional(authority) });

/** What must hold before the next step is safe. */
interface Steps {
  /** Whoever verifies has the new authority. */
  readonly published: () => Promise<void>;
  /** Workloads have SVIDs of the new authority. */
  readonly renewed: () => Promise<void>;
}

/** Gives SPIRE another X.509 authority, as its operator would, and takes the old one back. */
export async function rotateSpire(spire: SpirePeer, steps: Steps): Promise<void> {
  const x509 = (...words: readonly string[]): Promise<string> =>
    spire.command("localauthority", "x509", ...words, "-output", "json");
  const { active: old } = shownSchema.parse(JSON.parse(await x509("show")));
  await x509("prepare");
  await steps.published();
  const { prepared } = shownSchema.parse(JSON.parse(await x509("show")));
  if (prepared === undefined) throw new Error("no authority was prepared");
  await x509("activate", "-authorityID", prepared.authority_id);
  await x509("taint", "-authorityID", old.authority_id);
  await steps.renewed();
  await x509("revoke", "-authorityID", old.authority_id);
}
