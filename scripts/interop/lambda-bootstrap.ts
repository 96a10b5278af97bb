/**
 * What AWS's Node runtime does, in short: load the function's handler, then ask the runtime API
 * for one event after the other. The emulator starts this and serves the API.
 * `node lambda-bootstrap.ts BUNDLE`
 */
import { pathToFileURL } from "node:url";

const [, , bundle = ""] = process.argv;
const api = `http://${process.env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime`;

type Handler = (event: unknown, context: object) => Promise<unknown>;
const loaded: Record<string, unknown> = await import(pathToFileURL(bundle).href);
const handler = loaded["handler"];
if (typeof handler !== "function") throw new TypeError("the bundle exports no handler");

for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id") ?? "";
  const event: unknown = await next.json();
  await answer(id, handler as Handler, event); // oxlint-disable-line typescript/no-unsafe-type-assertion -- what it answers is checked by the test
}

async function answer(id: string, run: Handler, event: unknown): Promise<void> {
  const post = (kind: "response" | "error", body: unknown) =>
    fetch(`${api}/invocation/${id}/${kind}`, { method: "POST", body: JSON.stringify(body) });
  try {
    await post("response", await run(event, { awsRequestId: id, functionName: "function" }));
  } catch (error) {
    await post("error", { errorType: "Error", errorMessage: String(error) });
  }
}
