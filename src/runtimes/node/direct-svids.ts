import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "../../handlers/answer.ts";
import { faultAnswer, svidsPath } from "../../handlers/app.ts";
import { tooLarge } from "../../handlers/body.ts";
import { answerSvids } from "../../handlers/svids.ts";
import type { Issuer } from "../../issuer/issuer.ts";
import { fail, ok, type Result } from "../../result.ts";
import { inBatches } from "./batch.ts";
import { sendAnswer } from "./send-answer.ts";
import type { UnderWay } from "./under-way.ts";

/**
 * `POST /v1/svids` straight from Node's own request and to its own response: the endpoint's code is the same as behind
 * every other adapter, without the two objects in between that are made for nothing else.
 */
export function directSvids(
  issuer: Issuer,
): (incoming: IncomingMessage, outgoing: ServerResponse, underWay: UnderWay) => boolean {
  const path = svidsPath(issuer);
  const admit = inBatches();
  return (incoming, outgoing, underWay) => {
    const { url = "", method, headers } = incoming;
    if (method !== "POST" || (url !== path && !url.startsWith(`${path}?`))) return false;
    const request = {
      header: (name: string) => {
        const value = headers[name]; // joined where repeated: see `joinDuplicateHeaders`
        return typeof value === "object" ? value.join(", ") : value;
      },
      async body(maxBytes: number) {
        const whole = incoming.complete;
        const body = await readIncoming(incoming, maxBytes);
        // Of bodies that come after their heads, however many in one turn, no more are gone on with together either.
        if (!whole && body.ok) await admit();
        return body;
      },
    };
    const send = (answer: Answer): void => {
      underWay.end();
      sendAnswer(outgoing, answer);
    };
    underWay.begin();
    // Before the body is read, so that this too is done for all of them together.
    admit()
      .then(() => answerSvids(request, issuer))
      .then(send, (error: unknown) => send(faultAnswer(issuer, error)));
    return true;
  };
}

function readIncoming(incoming: IncomingMessage, maxBytes: number): Promise<Result<Uint8Array>> {
  if (incoming.destroyed) return Promise.resolve(fail("body_incomplete")); // and will say nothing more
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        incoming.removeAllListeners("data");
        resolve(tooLarge(maxBytes));
      } else chunks.push(chunk);
    });
    incoming.on("end", () => {
      const [first] = chunks;
      resolve(ok(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)));
    });
    incoming.on("error", () => resolve(fail("body_incomplete"))); // the sender went away
  });
}
