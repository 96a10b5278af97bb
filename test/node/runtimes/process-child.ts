/** A process of its own for `process.test.ts`: the server's parts put together as `serve` does, and told how to misbehave. */
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { auditFile } from "../../../src/runtimes/node/audit-file.ts";
import { directSvids } from "../../../src/runtimes/node/direct-svids.ts";
import { listen } from "../../../src/runtimes/node/http-server.ts";
import { onStopSignal } from "../../../src/runtimes/node/lifecycle.ts";
import { createWorld, cronToken, AUDIENCE, ENDPOINT } from "../../unit/issuer/world.ts";

const [mode = "", path = ""] = process.argv.slice(2);

function say(word: string): void {
  process.stderr.write(`${word}\n`);
}

/** `sign-hangs PATH`: asks itself for a token whose signature never comes. */
async function hangInSignature(): Promise<void> {
  const world = await createWorld({ platform: nodePlatform });
  const key = world.keys.jwt(world.now);
  if (key === undefined) throw new Error("fixture");
  const sign = (): Promise<never> => {
    say("signing");
    return new Promise(() => setInterval(() => {}, 1000));
  };
  const keys = { ...world.keys, jwt: () => ({ ...key, signer: { ...key.signer, sign } }) };
  const issuer = createIssuer(() => ({ ...world.snapshot, keys }), {
    audit: auditFile({ target: path }),
  });
  const body = JSON.stringify({
    evidence: [await cronToken(world)],
    jwt: { audience: [AUDIENCE] },
  });
  const headers = { "content-type": "application/json" };
  await createApp(issuer, { openapi: "{}" }).fetch(
    new Request(ENDPOINT, { method: "POST", body, headers }),
  );
}

/** `serve [PATH]`: a server on loopback, its audit log on stdout or in a file. Says its port and a body that is good. */
async function serve(): Promise<void> {
  const world = await createWorld({ platform: nodePlatform });
  const audit = auditFile({ target: path === "" ? 1 : path, maxWaitMs: 300 });
  const issuer = createIssuer(() => world.snapshot, { audit });
  const app = createApp(issuer, { openapi: "{}" });
  const server = await listen(
    app.fetch,
    { host: "127.0.0.1", port: 0 },
    { direct: directSvids(issuer) },
  );
  onStopSignal(async () => {
    await server.stop();
    await audit.close();
  });
  const body = JSON.stringify({
    evidence: [await cronToken(world)],
    jwt: { audience: [AUDIENCE] },
  });
  say(JSON.stringify({ port: server.address.port, body }));
}

await (mode === "serve" ? serve() : hangInSignature());
