import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import {
  makeConfiguration,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
} from "../../scripts/interop/configuration.ts";
import {
  functionUrlEvent,
  type LambdaFunction,
  startLambda,
} from "../../scripts/interop/lambda.ts";
import {
  keysSection,
  keyVariables,
  makeSigningKeys,
  type SigningKeys,
} from "../../scripts/interop/signing-keys.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { startWorker, type Worker } from "../../scripts/interop/workerd.ts";
import { storeConfig } from "../../src/issuer/store-config.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { attestors } from "../../src/runtimes/node/attestors.ts";
import { readNodeReference } from "../../src/runtimes/node/references.ts";
import { type Exchange, makeCorpus } from "./support/corpus.ts";
import { counterparts } from "./support/counterparts.ts";

const needs = counterparts("aws-lambda-rie");

/** What of an answer may not depend on the runtime. */
interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly cacheControl: string | undefined;
  /** The problem's code, the kinds that were issued, or the document itself. */
  readonly said: unknown;
}

const jsonSchema = z.record(z.string(), z.unknown());

describe.skipIf(needs.absent)(`one corpus on every runtime${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let node: Svidmint;
  let worker: Worker;
  let lambda: LambdaFunction;
  let keys: SigningKeys;

  beforeAll(async () => {
    keys = await makeSigningKeys();
    const env = keyVariables(keys);
    node = stack.use(await startSvidmint({ evidence, keys: keysSection(keys), env }));
    // Replicas of the Node server: the same issuer URL, keys and rules, reached elsewhere.
    const configuration = makeConfiguration({
      issuer: node.url,
      evidence,
      keys: keysSection(keys),
    });
    const compiled = await storeConfig(configuration, {
      platform: nodePlatform(),
      registry: attestors,
      read: (reference) => readNodeReference(reference, "/"),
    });
    const variables = (config: object) => ({ ...env, SVIDMINT_CONFIG: JSON.stringify(config) });
    worker = stack.use(await startWorker(variables(compiled)));
    lambda = stack.use(await startLambda(needs.path("aws-lambda-rie"), variables(configuration)));
  });
  afterAll(() => stack.disposeAsync());

  it("is answered alike by Node, workerd and Lambda", async () => {
    const corpus = makeCorpus(node.url, evidence);
    const differing: unknown[] = [];
    const granted: string[] = [];
    for (const exchange of corpus) {
      const onNode = await overHttp(node.url, exchange);
      const onWorkerd = await overHttp(worker.url, exchange);
      const onLambda = await throughLambda(lambda, exchange);
      if (exchange.method === "POST" && onNode.status === 200) granted.push(exchange.name);
      const same = [onWorkerd, onLambda].every(
        (other) => JSON.stringify(other) === JSON.stringify(onNode),
      );
      if (!same) differing.push({ name: exchange.name, onNode, onWorkerd, onLambda });
    }
    expect(differing).toEqual([]);
    // Had all been refused, for one reason or another, the agreement would say nothing.
    expect(granted).toHaveLength(8);
    expect(corpus.length - granted.length).toBeGreaterThan(40);
  });

  it("Lambda takes a body that the gateway encoded", async () => {
    const [first] = makeCorpus(node.url, evidence);
    if (first?.body === undefined) throw new Error("an empty corpus");
    const event = functionUrlEvent(first);
    const encoded = {
      ...event,
      isBase64Encoded: true,
      body: Buffer.from(first.body).toString("base64"),
    };
    const answer = await lambda.invoke(encoded);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain(`"spiffe_id":"spiffe://${TRUST_DOMAIN}/ci/build"`);
  });
});

async function overHttp(url: string, exchange: Exchange): Promise<Answer> {
  const response = await fetch(url + exchange.path, {
    method: exchange.method,
    headers: exchange.headers,
    ...(exchange.body === undefined ? {} : { body: exchange.body }),
    signal: AbortSignal.timeout(30_000),
  });
  const read = (name: string): string | undefined => response.headers.get(name) ?? undefined;
  return digest(response.status, read, await response.text());
}

async function throughLambda(lambda: LambdaFunction, exchange: Exchange): Promise<Answer> {
  const answer = await lambda.invoke(functionUrlEvent(exchange));
  const encoding = answer.isBase64Encoded === true ? "base64" : "utf8";
  const text = Buffer.from(answer.body ?? "", encoding).toString("utf8");
  const headers = new Map(
    Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return digest(answer.statusCode, (name) => headers.get(name), text);
}

function digest(
  status: number,
  header: (name: string) => string | undefined,
  text: string,
): Answer {
  const contentType = header("content-type");
  return {
    status,
    contentType,
    cacheControl: header("cache-control"),
    said: substance(contentType, text),
  };
}

/** Leaves out what must differ: request ids, serial numbers, signatures, times. */
function substance(contentType: string | undefined, text: string): unknown {
  if (contentType === "application/jwt") return text.split(".")[0];
  if (contentType === "application/pem-certificate-chain")
    return text.match(/-----BEGIN .+-----/gu);
  if (contentType?.endsWith("json") !== true) return text;
  const document = jsonSchema.parse(JSON.parse(text));
  if ("code" in document) return { code: document["code"], detail: document["detail"] };
  if ("spiffe_id" in document)
    return {
      members: Object.keys(document),
      id: document["spiffe_id"],
      bundle: document["bundle"],
    };
  return document;
}
