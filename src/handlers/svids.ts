import type { Issuer } from "../issuer/issuer.ts";
import { LIMITS } from "../issuer/request.ts";
import type { IssuedSvids } from "../issuer/sign.ts";
import { fail, ok, type Result } from "../result.ts";
import type { Answer } from "./answer.ts";
import { checkBodyHead, type Header } from "./body.ts";
import { problemOf } from "./problem.ts";

/** What the answer is written as: everything, or the one thing that a `curl` wants in a file. */
type Form = "json" | "jwt" | "pem";

const FORMS: readonly (readonly [string, Form])[] = [
  ["application/json", "json"],
  ["application/jwt", "jwt"],
  ["application/pem-certificate-chain", "pem"],
  ["application/*", "json"],
  ["*/*", "json"],
];

/** A request as far as this endpoint reads it, whichever way the runtime has it. */
export interface SvidsRequest {
  readonly header: Header;
  /** @returns `body_too_large` | `body_incomplete` */
  readonly body: (maxBytes: number) => Promise<Result<Uint8Array>>;
}

/** `POST /v1/svids`: evidence in, SVIDs out. Every refusal is a problem document with a stable code. */
export async function answerSvids(request: SvidsRequest, issuer: Issuer): Promise<Answer> {
  const exchange = issuer.begin();
  const opened = await open(request);
  if (!opened.ok) {
    await exchange.refuse(opened.error);
    return problemOf(opened.error, exchange.requestId);
  }
  const { form, body } = opened.value;
  const issued = await exchange.issue({
    body,
    dpop: request.header("dpop") ?? null,
    only: wanted(form),
  });
  return issued.ok
    ? answer(form, issued.value, exchange.requestId)
    : problemOf(issued.error, exchange.requestId);
}

async function open({ header, body: read }: SvidsRequest): Promise<Result<Opened>> {
  const form = formOf(header("accept") ?? null);
  if (!form.ok) return form;
  if (!JSON_TYPE.test(header("content-type") ?? ""))
    return fail("content_type_unsupported", "send application/json");
  const head = checkBodyHead(header, LIMITS.bodyBytes);
  if (!head.ok) return head;
  const body = await read(LIMITS.bodyBytes);
  return body.ok ? ok({ form: form.value, body: body.value }) : body;
}

interface Opened {
  readonly form: Form;
  readonly body: Uint8Array;
}

const JSON_TYPE = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

function wanted(form: Form): "x509" | "jwt" | undefined {
  return form === "jwt" ? "jwt" : form === "pem" ? "x509" : undefined;
}

/** The first media range we can serve; weights are ignored, since clients of this endpoint name one. */
function formOf(accept: string | null): Result<Form> {
  if (accept === null || accept === "*/*") return ok("json");
  for (const range of accept.slice(0, 512).split(",")) {
    const name = range.split(";", 1)[0]?.trim().toLowerCase();
    const form = FORMS.find(([type]) => type === name);
    if (form !== undefined) return ok(form[1]);
  }
  return fail(
    "accept_unsupported",
    "accept application/json, application/jwt or application/pem-certificate-chain",
  );
}

function answer(form: Form, svids: IssuedSvids, requestId: string): Answer {
  if (form === "jwt" && svids.jwt !== undefined)
    return send(svids.jwt.token, "application/jwt", requestId);
  if (form === "pem" && svids.x509 !== undefined)
    return send(svids.x509.certificateChain, "application/pem-certificate-chain", requestId);
  return send(toJson(svids), "application/json", requestId);
}

/** Times are Unix seconds; kinds not asked for are absent. Bundles are spliced in as the bytes that `/bundle` and `/bundles/…` serve. */
function toJson({ spiffeId, x509, jwt, wit, bundle, federated }: IssuedSvids): string {
  let text = `{"spiffe_id":"${spiffeId}"`;
  if (x509 !== undefined)
    text += `,"x509":{"certificate_chain":"${x509.certificateChain.replaceAll("\n", "\\n")}","expires_at":${x509.expiresAt}}`;
  if (jwt !== undefined) text += `,"jwt":{"token":"${jwt.token}","expires_at":${jwt.expiresAt}}`;
  if (wit !== undefined) text += `,"wit":{"token":"${wit.token}","expires_at":${wit.expiresAt}}`;
  text += `,"bundle":${bundle}`;
  if (federated !== undefined) text += `,${federated}`;
  return `${text}}`;
}

function send(body: string, type: string, requestId: string): Answer {
  return {
    status: 200,
    headers: {
      "content-type": type,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
    },
    body,
  };
}
