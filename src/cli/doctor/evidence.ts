import { isJsonObject, member, parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { fetchBounded } from "../../platform/http.ts";
import { platform } from "../key-file.ts";
import type { Check, DoctorContext, Finding } from "./check.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES = 256 * 1024;

/** Whether the keys of issuers that are named by URL can be fetched from here. */
export const evidenceKeys: Check = {
  name: "evidence",
  async run(context) {
    const issuers = issuersOf(context);
    if (issuers.length === 0) return [];
    if (!context.options.evidence)
      return [
        {
          severity: "skipped",
          subject: "evidence",
          message: `${issuers.length} issuers are asked with --evidence`,
        },
      ];
    return Promise.all(issuers.map(([name, issuer]) => ask(name, issuer)));
  },
};

function issuersOf({ checked }: DoctorContext): readonly (readonly [string, string])[] {
  const evidence = checked.document && member(checked.document, "evidence");
  const oidc = isJsonObject(evidence) ? member(evidence, "oidc") : undefined;
  return Object.entries(isJsonObject(oidc) ? oidc : {}).flatMap(([name, entry]) => {
    const issuer = isJsonObject(entry) ? member(entry, "issuer") : undefined;
    const held = isJsonObject(entry) && member(entry, "jwks") !== undefined;
    return typeof issuer === "string" && !held ? [[`oidc.${name}`, issuer] as const] : [];
  });
}

async function ask(name: string, issuer: string): Promise<Finding> {
  const subject = `evidence.${name}`;
  const failed = (message: string): Finding => ({
    severity: "error",
    subject,
    message,
    fix: "let this machine reach it by https, or give the keys by jwks: file:…",
  });
  const discovery = await fetchJson(
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
  );
  if (typeof discovery === "string") return failed(`its discovery document: ${discovery}`);
  const uri = member(discovery, "jwks_uri");
  const keys = await fetchJson(typeof uri === "string" ? uri : "");
  if (typeof keys === "string") return failed(`its keys: ${keys}`);
  const list = member(keys, "keys");
  const count = Array.isArray(list) ? list.length : 0;
  return { severity: "good", subject, message: `${count} keys were fetched` };
}

/** @returns what went wrong, as text */
async function fetchJson(url: string): Promise<JsonObject | string> {
  const answer = await fetchBounded(platform, url, {
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) return answer.error.detail ?? answer.error.code;
  if (answer.value.status !== 200) return `status ${answer.value.status}`;
  const parsed = parseJsonObject(answer.value.bytes);
  return parsed.ok ? parsed.value : "not JSON";
}
