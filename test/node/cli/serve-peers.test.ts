import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { documentOf } from "../../unit/federation/support.ts";
import { http, tlsServer } from "../federation/tls-server.ts";
import { CA, webCertificate } from "../federation/web-partner.ts";
import { quickly, temporaryFolders } from "./run.ts";
import { fetch, initialised, serve, type Server, stopped } from "./server.ts";

const folder = temporaryFolders();
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const TOKEN = "s3cret-for-metrics";

async function metrics({ url }: Server): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await fetch(`${url}/metrics`, { headers })).text();
}

describe("svidmint serve with a peer", () => {
  it.each([
    ["the claim store", "claims: { store: file }"],
    ["a file", ""],
  ])("knows from %s, over restarts, how far back is too far", async (_, claims) => {
    let document = documentOf({ sequence: 7 });
    const partner = stack.use(
      await tlsServer(await webCertificate(), (_request, socket) =>
        socket.end(http(200, document)),
      ),
    );
    const { cwd, url } = await initialised(await folder());
    const path = join(cwd, "svidmint.yaml");
    const entry = `url: "https://localhost:${partner.port}/bundle", profile: https_web, allow_private_addresses: true`;
    await appendFile(path, `\n${claims}\npeers:\n  partner.example: { ${entry} }\n`);
    await writeFile(join(cwd, "ca.pem"), CA);
    const env = { NODE_EXTRA_CA_CERTS: join(cwd, "ca.pem"), SVIDMINT_METRICS_TOKEN: TOKEN };

    let server = await serve(cwd, url, [], env);
    const holds = (line: string) => expect.poll(() => metrics(server)).toContain(line);
    await holds('svidmint_peer_bundle_sequence{peer="partner.example"} 7\n');
    await holds('svidmint_peer_usable{peer="partner.example"} 1\n');
    expect(await stopped(server.child)).toBe(0);

    document = documentOf({ sequence: 6, kids: ["z"] });
    server = await serve(cwd, url, [], env);
    await holds('svidmint_peer_refreshes_total{peer="partner.example",outcome="rolled_back"} 1\n');
    await holds('svidmint_alarms_total{alarm="peer_rolled_back"} 1\n');
    await holds('svidmint_peer_bundle_sequence{peer="partner.example"} 7\n');
    const line = '"event":"peer","peer":"partner.example","result":"failed"';
    await expect.poll(() => server.stdout()).toContain(line);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await quickly(["bundle", "reset", "partner.example"], { cwd });
    expect(await stopped(server.child)).toBe(0);

    server = await serve(cwd, url, [], env);
    await holds('svidmint_peer_bundle_sequence{peer="partner.example"} 6\n');
  });
});
