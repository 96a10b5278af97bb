import { beforeAll, expect, it, vi } from "vitest";
import { twoDomains, type TestDomain } from "../../unit/handlers/domains.ts";

/** Of the event it reads no more than `event` below has. */
type Handler = (event: never) => Promise<unknown>;
let domains: readonly [TestDomain, TestDomain];

/**
 * The function with both configurations in its environment.
 * @param shared what both list of unbound evidence
 * @param more what both have beside
 */
async function start(shared: readonly string[] = [], more: object = {}): Promise<Handler> {
  const documents = domains.map(({ origin: { document } }, index) => {
    const { aws_iid: iid, azure_msi: msi, ...evidence } = document.evidence;
    const kept = {
      ...(shared.includes("aws_iid") && { aws_iid: iid }),
      ...(index === 0 && { azure_msi: msi }),
    };
    const whole = { ...document, deny: [], evidence: { ...evidence, ...kept }, ...more };
    return JSON.parse(JSON.stringify(whole).replaceAll("env:", `env:D${index}_`)) as unknown;
  });
  vi.stubEnv("SVIDMINT_CONFIG", JSON.stringify(documents));
  for (const [index, { origin }] of domains.entries())
    for (const [name, value] of Object.entries(origin.secrets))
      vi.stubEnv(`D${index}_${name}`, value);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.resetModules();
  return (await import("../../../src/runtimes/lambda.ts")).handler;
}

beforeAll(async () => {
  domains = await twoDomains();
});

/** An event of a function URL or an HTTP API. */
function event(domainName: string, rawPath: string, headers: Record<string, string> = {}) {
  const http = {
    method: "GET",
    path: rawPath,
    protocol: "HTTP/1.1",
    sourceIp: "192.0.2.1",
    userAgent: "test",
  };
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: "",
    headers,
    body: null,
    isBase64Encoded: false,
    requestContext: { domainName, http },
  };
}

it("selects by the domain name of the event, never by a header", async () => {
  const handler = await start();
  const ask = async (host: string, headers: Record<string, string> = {}) =>
    (await handler(event(host, "/bundle", headers) as never)) as {
      statusCode: number;
      body: string;
    };
  const [one, two] = domains.map(({ url }) => new URL(url).host);
  const honest = await ask(one ?? "");
  expect(honest).toMatchObject({
    statusCode: 200,
    body: (await domains[0].issuer.documents()).bundle.body,
  });
  expect((await ask(two ?? "")).body).toBe((await domains[1].issuer.documents()).bundle.body);
  const spoof = { host: two ?? "", "x-forwarded-host": two ?? "" };
  expect((await ask(one ?? "", spoof)).body).toBe(honest.body);
  expect((await ask("evil.example", spoof)).statusCode).toBe(404);
});

it("answers a GET with a body as one without, and logs nothing of it", async () => {
  const handler = await start();
  const logged = vi.spyOn(console, "error");
  const host = new URL(domains[0].url).host;
  for (const method of ["GET", "HEAD"]) {
    const plain = event(host, "/bundle");
    const { http } = plain.requestContext;
    const asked = { ...plain, requestContext: { domainName: host, http: { ...http, method } } };
    const expected = await handler(asked as never); // oxlint-disable-line no-await-in-loop
    expect(expected).toMatchObject({ statusCode: 200 });
    expect(await handler({ ...asked, body: "x" } as never)).toEqual(expected); // oxlint-disable-line no-await-in-loop
  }
  expect(logged).not.toHaveBeenCalled();
});

it("reads a header without a value as one that is there, as elsewhere", async () => {
  const handler = await start();
  const host = new URL(domains[0].url).host;
  const ask = async (headers: Record<string, string>) => {
    const plain = event(host, "/v1/svids", { "content-type": "application/json", ...headers });
    const { http } = plain.requestContext;
    const requestContext = { domainName: host, http: { ...http, method: "POST" } };
    const answer = await handler({ ...plain, requestContext, body: "{" } as never);
    return (JSON.parse((answer as { body: string }).body) as { detail: string }).detail;
  };
  expect(await ask({})).toBe("json malformed");
  expect(await ask({ "content-encoding": "" })).toContain("without Content-Encoding");
  expect(await ask({ accept: "" })).toContain("accept application/json");
  expect(await ask({ "x-other": "" })).toBe("json malformed");
});

it("answers an event that was made without headers, as consoles make them for a trial", async () => {
  const handler = await start();
  const plain = event(new URL(domains[0].url).host, "/bundle");
  const answered = await handler({ ...plain, headers: {} } as never);
  for (const headers of [null, undefined])
    expect(await handler({ ...plain, headers } as never)).toEqual(answered); // oxlint-disable-line no-await-in-loop
});

it("answers what cannot be a request with a problem document that repeats none of it", async () => {
  const handler = await start();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const plain = event(new URL(domains[0].url).host, "/bundle");
  const method = (name: string) => ({
    ...plain,
    requestContext: {
      ...plain.requestContext,
      http: { ...plain.requestContext.http, method: name },
    },
  });
  for (const hostile of [
    method("TRACE"),
    method("hostile method"),
    { ...plain, headers: { "hostile name": "x" } },
    { ...plain, headers: { "x-a": "hostile\u0000" } },
    { ...plain, headers: { "x-a": "hostile\ud800" } },
    { ...method("POST"), body: "hostile!", isBase64Encoded: true },
  ]) {
    const answer = (await handler(hostile as never)) as { body: string }; // oxlint-disable-line no-await-in-loop
    expect(answer).toMatchObject({
      statusCode: 400,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
      isBase64Encoded: false,
    });
    expect(JSON.parse(answer.body)).toMatchObject({
      type: "urn:svidmint:problem:request_malformed",
      code: "request_malformed",
      status: 400,
      request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(answer.body).not.toContain("hostile");
  }
});

it("does not start where both believe one account's unbound evidence", async () => {
  await expect(start(["aws_iid"])).rejects.toThrow(
    "SVIDMINT_CONFIG[0] believes account 111122223333, too",
  );
});

it("does not start where another audit log is asked for than the one that it writes", async () => {
  const audit = { sink: "file:/var/log/svidmint.jsonl", required: true };
  await expect(start([], { audit })).rejects.toThrow(
    "audit.sink: this runtime writes the audit log to standard output and nowhere else",
  );
  await expect(start([], { audit: { sink: "stdout", required: true } })).resolves.toBeTypeOf(
    "function",
  );
});
