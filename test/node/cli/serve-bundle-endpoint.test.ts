import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseBundle } from "../../../src/encoding/bundle.ts";
import { spiffeEndpoint } from "../../../src/federation/node/spiffe-endpoint.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { quickly, temporaryFolders } from "./run.ts";
import { freePort } from "../../../scripts/free-port.ts";
import { fetch, initialised, serve } from "./server.ts";

const folder = temporaryFolders();
const file = (cwd: string): string => join(cwd, "svidmint.yaml");

async function ask(port: number, url: string, endpointId: string) {
  const document = await (await fetch(`${url}/bundle`)).text();
  const bundle = parseBundle(document);
  if (!bundle.ok) throw new Error(document);
  const endpoint = {
    url: `https://127.0.0.1:${port}/bundle`,
    allowPrivate: true,
    endpointId,
    endpointBundle: () => bundle.value,
  };
  const answer = await spiffeEndpoint(endpoint, nodePlatform())(endpoint);
  if (!answer.ok || answer.value.status !== 200) return answer;
  expect(new TextDecoder().decode(answer.value.bytes)).toBe(document);
  return "the bundle";
}

describe("svidmint serve --bundle-endpoint", () => {
  it("is known by a SPIFFE ID of its trust domain, which a reload may change", async () => {
    const { cwd, url } = await initialised(await folder());
    const port = await freePort();
    const server = await serve(cwd, url, ["--bundle-endpoint", `127.0.0.1:${port}`]);
    const text = await readFile(file(cwd), "utf8");
    const { trust_domain: name }: { trust_domain: string } = parse(text);
    const usual = `spiffe://${name}/svidmint/bundle-endpoint`;
    const told = `  GET /bundle, /bundle/wit at 127.0.0.1:${port} as ${usual}`;
    await expect.poll(server.stderr).toContain(told);
    expect(await ask(port, url, usual)).toBe("the bundle");
    expect(server.stdout()).toContain(`"spiffe_id":"${usual}"`);

    await writeFile(file(cwd), `${text}\nbundle: { endpoint_spiffe_id: /spire/server }\n`);
    server.child.kill("SIGHUP");
    const next = `spiffe://${name}/spire/server`;
    await expect.poll(() => ask(port, url, next)).toBe("the bundle");
    expect(await ask(port, url, usual)).toMatchObject({ error: { code: "endpoint_identity" } });
  });

  it("is fetched from by the commands of a peer", async () => {
    const { cwd, url } = await initialised(await folder());
    const port = await freePort();
    await serve(cwd, url, ["--bundle-endpoint", `127.0.0.1:${port}`]);
    const { trust_domain: name }: { trust_domain: string } = parse(
      await readFile(file(cwd), "utf8"),
    );
    const peer = await initialised(await folder(), ["--trust-domain", "other.example.org"]);
    const document = await (await fetch(`${url}/bundle`)).text();
    await writeFile(join(peer.cwd, "peer.json"), document);
    const entry = {
      url: `https://127.0.0.1:${port}/bundle`,
      profile: "https_spiffe",
      endpoint_spiffe_id: `spiffe://${name}/svidmint/bundle-endpoint`,
      bundle: "file:peer.json",
      allow_private_addresses: true,
    };
    await appendFile(file(peer.cwd), `\npeers: ${JSON.stringify({ [name]: entry })}\n`);
    expect(await quickly(["bundle", "get", name], { cwd: peer.cwd })).toEqual({
      code: 0,
      stdout: `${document}\n`,
      stderr: "",
    });
    expect(await quickly(["bundle", "peers"], { cwd: peer.cwd })).toMatchObject({ code: 0 });
  });

  it.each(["/payments/api", "/svidmint", "/svidmint/../x", "spiffe://a.example/svidmint/x"])(
    "is not known by %s",
    async (path) => {
      const { cwd, url } = await initialised(await folder());
      const text = await readFile(file(cwd), "utf8");
      await writeFile(file(cwd), `${text}\nbundle: { endpoint_spiffe_id: "${path}" }\n`);
      await expect(serve(cwd, url)).rejects.toThrow(
        /bundle\.endpoint_spiffe_id.*only those no rule can give/s,
      );
    },
  );
});
