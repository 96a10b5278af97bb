import { chmodSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import { freePort } from "../free-port.ts";
import { accepts, type Server, startServer } from "./processes.ts";
import { projectRoot } from "./programs.ts";

/** The handler as it is deployed. */
const lambdaBundle = join(projectRoot, "dist/bundle/lambda.mjs");

export interface LambdaFunction extends AsyncDisposable {
  readonly server: Server;
  invoke(event: LambdaEvent): Promise<LambdaAnswer>;
}

/** Payload format 2.0, which function URLs and HTTP APIs share. */
export interface LambdaEvent {
  readonly version: "2.0";
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: object;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

const answerSchema = z.object({
  statusCode: z.int(),
  headers: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});
type LambdaAnswer = z.infer<typeof answerSchema>;

/** The event that a function URL makes of a request. */
export function functionUrlEvent(request: {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}): LambdaEvent {
  const { method, path } = request;
  const domainName = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws";
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    headers: { host: domainName, "x-forwarded-proto": "https", ...request.headers },
    requestContext: {
      accountId: "anonymous",
      apiId: "abcdefghijklmnopqrstuvwxyz012345",
      domainName,
      domainPrefix: "abcdefghijklmnopqrstuvwxyz012345",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "interop" },
      requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
      routeKey: "$default",
      stage: "$default",
      time: "22/Nov/2026:00:00:00 +0000",
      timeEpoch: Date.now(),
    },
    ...bodyOf(request),
  };
}

/** Function URLs encode every body that is not declared as text or JSON. */
function bodyOf(request: {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}): Pick<LambdaEvent, "body" | "isBase64Encoded"> {
  const { body, headers } = request;
  if (body === undefined) return { isBase64Encoded: false };
  const isText = /^(?:text\/|application\/json)/u.test(headers["content-type"] ?? "");
  if (isText && headers["content-encoding"] === undefined) return { body, isBase64Encoded: false };
  return { body: Buffer.from(body).toString("base64"), isBase64Encoded: true };
}

/** Runs the bundle in AWS's own emulator of the function's environment. */
export async function startLambda(
  emulator: string,
  env: Readonly<Record<string, string>>,
): Promise<LambdaFunction> {
  if (!existsSync(lambdaBundle)) throw new Error(`not built: ${lambdaBundle}`);
  const folder = mkdtempSync(join(tmpdir(), "lambda-"));
  const bootstrap = join(folder, "bootstrap");
  const script = fileURLToPath(new URL("lambda-bootstrap.ts", import.meta.url));
  writeFileSync(bootstrap, `#!/bin/sh\nexec "${process.execPath}" "${script}" "${lambdaBundle}"\n`);
  chmodSync(bootstrap, 0o755);
  const [api, front] = [await freePort(), await freePort()];
  const server = await startServer(
    emulator,
    [
      "--runtime-api-address",
      `127.0.0.1:${api}`,
      "--runtime-interface-emulator-address",
      `127.0.0.1:${front}`,
      bootstrap,
      "index.handler",
    ],
    {
      cwd: folder,
      env: { LAMBDA_TASK_ROOT: folder, AWS_LAMBDA_FUNCTION_TIMEOUT: "30", ...env },
      folder,
      deadlineMs: 300_000,
      ready: () => accepts(front),
    },
  );
  return {
    server,
    async invoke(event) {
      const response = await fetch(
        `http://127.0.0.1:${front}/2015-03-31/functions/function/invocations`,
        { method: "POST", body: JSON.stringify(event), signal: AbortSignal.timeout(30_000) },
      );
      return answerSchema.parse(await response.json());
    },
    [Symbol.asyncDispose]: server.stop,
  };
}
