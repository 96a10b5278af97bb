import { stringify } from "yaml";
import type { EntryFields } from "../keys/new-entry.ts";

/** The ceremony of a new root, for `ca init`: what the operator has still to decide has its usual value. */
export function ceremonyText(trustDomain: string, entry: EntryFields): string {
  const left = new Set(["id", "mode", "certificate", "published_at", "active_from"]);
  const key = Object.fromEntries(Object.entries(entry).filter(([name]) => !left.has(name)));
  const id = String(entry["id"]);
  return `# What svidmint ca init signs: look it over, then svidmint ca init THIS_FILE --out ${id}.pem
${stringify(
  {
    trust_domain: trustDomain,
    subject: { organization: trustDomain, common_name: id },
    lifetime: "3650d",
    // Modes delegated and upstream sign an intermediate below it.
    path_length: 1,
    key,
  },
  { lineWidth: 0 },
)}`;
}
