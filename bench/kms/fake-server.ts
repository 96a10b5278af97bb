/**
 * AWS KMS as the simulated cloud has it, in a process of its own on the load's core, `DELAY_MS` away.
 * `node fake-server.ts PORT DELAY_MS KEYS`: KEYS is a JSON file of PKCS#8 by name, in base64. Beside KMS's own
 * operations: `GET /calls` tells how often which was asked, `POST /encrypt` does what an operator does, `POST /down` and
 * `POST /up` end and begin an outage, in which every connection is torn.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import { FakeKms } from "../../test/fakes/aws-kms.ts";
import { base64, fromBase64 } from "../../test/fakes/keys.ts";

const KMS = "https://kms.eu-central-1.amazonaws.com/";
const encryptSchema = z.object({ plain: z.string(), context: z.string() });

const [, , port = "", delayMs = "", file = ""] = process.argv;
const platform = webCryptoPlatform();
const kms = new FakeKms(platform);
const keys = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, "utf8")));
for (const [name, pkcs8] of Object.entries(keys)) {
  const key = await platform.importPrivateKey(fromBase64(pkcs8));
  if (!key.ok) throw new Error(key.error.reason);
  kms.add(name, key.value);
}
const wrapping = await kms.addSymmetric("wrapping");
const calls: Record<string, number> = {};
let down = false;

createServer((request, response) => {
  void (async () => {
    if (down && request.url === "/") {
      request.socket.destroy();
      return;
    }
    const { status, body } = await answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  })();
}).listen(Number(port), "127.0.0.1");

async function answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
  const body = await textOf(request);
  const { url = "" } = request;
  switch (url) {
    case "/calls":
      return { status: 200, body: JSON.stringify(calls) };
    case "/down":
    case "/up":
      down = url === "/down";
      return { status: 200, body: "{}" };
    case "/encrypt": {
      const { plain, context } = encryptSchema.parse(JSON.parse(body));
      const wrapped = await kms.encrypt(wrapping, fromBase64(plain), { svidmint: context });
      return { status: 200, body: JSON.stringify({ arn: wrapping, wrapped: base64(wrapped) }) };
    }
    default: {
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers))
        if (typeof value === "string" && name !== "host") headers.set(name, value);
      const target = headers.get("x-amz-target")?.split(".")[1] ?? "other";
      calls[target] = (calls[target] ?? 0) + 1;
      await sleep(Number(delayMs));
      const signed = await kms.fetch(KMS, { method: "POST", headers, body });
      return { status: signed.status, body: await signed.text() };
    }
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
