import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { quickly, temporaryFolders } from "./run.ts";
import { fetch, initialised, serve, stopped } from "./server.ts";

const folder = temporaryFolders();

interface Answer {
  readonly x509: { readonly certificate_chain: string };
  readonly jwt: { readonly token: string };
  readonly missing_bundles?: readonly string[];
}

it("two issuers: what the one hands out of the other verifies the other's SVIDs, and nobody else's", async () => {
  const east = await initialised(await folder());
  const west = await initialised(await folder());
  const [eastName, westName] = ["dev.example.org", "west.example.org"];
  const rule = "audiences: [";
  const config = join(west.cwd, "svidmint.yaml");
  const text = (await readFile(config, "utf8")).replaceAll(eastName, westName);
  await writeFile(
    config,
    text.replace(/jwt: \{.*$/m, (line) =>
      line
        .replace(rule, `exchange_to: [${eastName}], ${rule}`)
        .concat(`\n    federates_with: [${eastName}]\n    binding: { oidc.dev: audience }`),
    ) +
      `\npeers:\n  ${eastName}: { url: "${east.url}/bundle", profile: https_web, allow_private_addresses: true, audience: "${east.url}" }\n`,
  );
  await quickly(["key", "new"], { cwd: west.cwd });
  const csr = await readFile(join(west.cwd, "svid.csr"), "utf8");
  const ask = async (audience: string): Promise<{ status: number; text: string }> => {
    const { stdout } = await quickly(["evidence", "dev", "--audience", west.url], {
      cwd: west.cwd,
    });
    const answer = await fetch(`${west.url}/v1/svids`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        evidence: [JSON.parse(stdout)],
        x509: { csr },
        jwt: { audience: [audience] },
      }),
    });
    return { status: answer.status, text: await answer.text() };
  };

  const { child } = await serve(west.cwd, west.url);
  // Nobody has heard of the peer yet: the answer says so, and does not wait.
  const early = await ask(east.url);
  expect(early.text).toContain(`"federated_bundles":{},"missing_bundles":["${eastName}"]`);
  expect((await fetch(`${west.url}/bundles/${eastName}`)).status).toBe(503);
  expect((await fetch(`${west.url}/bundles/stranger.example`)).status).toBe(404);

  await serve(east.cwd, east.url);
  // Started anew, so that it asks at once: a peer that was not there is asked again after a while.
  await stopped(child);
  await serve(west.cwd, west.url);
  const theirs = await (await fetch(`${east.url}/bundle`)).text();
  const held = async () => (await fetch(`${west.url}/bundles/${eastName}`)).text();
  await expect.poll(held, { interval: 500 }).toBe(theirs);
  const later = await ask(east.url);
  expect(later.text).toContain(`"federated_bundles":{"${eastName}":${theirs}}`);
  expect(later.text).not.toContain("missing_bundles");
  expect((await ask(`${east.url}/jkt/${"A".repeat(43)}`)).status).toBe(403);

  const { x509, jwt } = JSON.parse(later.text) as Answer;
  const map = ["--bundles", `${west.url}/bundles`];
  const chain = await quickly(["verify", ...map], { input: x509.certificate_chain });
  expect(chain.stdout).toContain(`bundle of  ${westName}`);
  const token = ["verify", "--audience", east.url];
  expect((await quickly([...token, ...map], { input: jwt.token })).code).toBe(0);
  const wrong = [...token, "--bundle", `${eastName}=${west.url}/bundle`];
  expect((await quickly(wrong, { input: jwt.token })).stdout).toContain("keys_unavailable");
});
