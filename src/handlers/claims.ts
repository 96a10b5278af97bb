import { utf8Decode } from "../encoding/bytes.ts";
import { answerTo } from "../stores/admin-answers.ts";
import { MAX_QUESTION_BYTES, parseQuestion, type ClaimAdmin } from "../stores/admin-protocol.ts";
import { bearerIs } from "./bearer.ts";
import { readBody } from "./body.ts";

/**
 * `POST /claims`: an operator's questions about claims, one a request, from whoever brings the token. Everybody else
 * finds nothing here. Never part of the issuer's own interface.
 * @param log told of each question that was let in
 */
export async function claimsResponse(
  request: Request,
  store: ClaimAdmin,
  token: string,
  log: (line: string) => void,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const meant = request.method === "POST" && pathname === "/claims";
  if (!meant || !bearerIs(request.headers.get("authorization"), token))
    return new Response("not found\n", { status: 404 });
  const body = await readBody(request, MAX_QUESTION_BYTES);
  const question = body.ok ? parseQuestion(utf8Decode(body.value) ?? "") : undefined;
  if (question === undefined) return new Response("not a question\n", { status: 400 });
  log(JSON.stringify({ event: "claims", ...question }));
  return Response.json(await answerTo(question, store), {
    headers: { "cache-control": "no-store" },
  });
}
