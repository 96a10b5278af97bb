import { utf8Decode } from "../../encoding/bytes.ts";
import { isJsonObject, member, parseJson, type JsonObject } from "../../encoding/json.ts";
import { decodePem } from "../../encoding/pem.ts";
import { fail, type Result } from "../../result.ts";
import { describeBundle } from "./bundle.ts";
import { describeCertificates } from "./certificate.ts";
import { describeCsr, describePrivateKey, describePublicKey } from "./csr.ts";
import type { Description } from "./description.ts";
import { describeToken } from "./token.ts";

const MAX_CERTIFICATES = 64;

/** Tells from the bytes what they are, and puts it into words. */
export async function describeInput(bytes: Uint8Array): Promise<Result<Description[]>> {
  if (bytes.length === 0) return fail("evidence_malformed", "the input is empty");
  const text = utf8Decode(bytes)?.trim();
  if (text === undefined || bytes[0] === 0x30) {
    const certificate = await describeCertificates([bytes]);
    const csr = certificate.ok ? certificate : await describeCsr(bytes);
    if (csr.ok || text === undefined || !text.startsWith("0")) return csr.ok ? csr : certificate;
  }
  if (text.startsWith("-----BEGIN ")) return describePem(text);
  if (text.startsWith("{") || text.startsWith("[")) {
    const json = parseJson(bytes);
    if (!json.ok) return json;
    return isJsonObject(json.value) ? describeJson(json.value) : unknown();
  }
  const token = /^(?:Bearer |DPoP: ?|DPoP )?([\w-]+\.[\w-]*\.[\w-]*)$/i.exec(text)?.[1];
  return token === undefined ? unknown() : describeToken(token);
}

async function describePem(text: string): Promise<Result<Description[]>> {
  const label = /^-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1] ?? "";
  const blocks = decodePem(text, label, { max: MAX_CERTIFICATES });
  if (!blocks.ok) return blocks;
  const [first] = blocks.value;
  if (first === undefined) return unknown();
  switch (label) {
    case "CERTIFICATE":
      return describeCertificates(blocks.value);
    case "CERTIFICATE REQUEST":
      return describeCsr(first);
    case "PUBLIC KEY":
      return describePublicKey(first);
    case "PRIVATE KEY":
      return describePrivateKey(first);
    default:
      return unknown();
  }
}

/** A bundle or key set; or an answer of `POST /v1/svids`, whose parts are described one after the other. */
async function describeJson(document: JsonObject): Promise<Result<Description[]>> {
  if (member(document, "keys") !== undefined) return describeBundle(document);
  const parts: Description[] = [];
  const { x509, jwt, wit, bundle } = document;
  const chain = isJsonObject(x509) ? member(x509, "certificate_chain") : undefined;
  const token = isJsonObject(jwt) ? member(jwt, "token") : member(document, "token");
  const witToken = isJsonObject(wit) ? member(wit, "token") : undefined;
  for (const described of [
    typeof chain === "string" ? await describePem(chain) : undefined,
    typeof token === "string" ? await describeToken(token) : undefined,
    typeof witToken === "string" ? await describeToken(witToken) : undefined,
    isJsonObject(bundle) ? await describeBundle(bundle) : undefined,
  ]) {
    if (described === undefined) continue;
    if (!described.ok) return described;
    parts.push(...described.value);
  }
  return parts.length === 0 ? unknown() : { ok: true, value: parts };
}

function unknown(): Result<never> {
  return fail(
    "evidence_malformed",
    "not a certificate, chain, CSR, key, token, bundle or answer of the issuer",
  );
}
