import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import * as z from "zod/mini";
import { TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { counterparts } from "./support/counterparts.ts";
import { HOSTILE, type JwtIssuer, startJwtIssuer, SUBJECT } from "./support/jwt-issuer.ts";
import { blockOf } from "./support/page.ts";
import { startTlsFront, type TlsFront } from "./support/tls-front.ts";

const needs = counterparts("kubernetes-authenticate");
const CLUSTER = "https://cluster-a.example.org";
const verdictSchema = z.object({
  ok: z.boolean(),
  error: z.optional(z.string()),
  username: z.optional(z.string()),
  groups: z.optional(z.array(z.string())),
});
type Verdict = z.infer<typeof verdictSchema>;
interface Authentication {
  readonly jwt: readonly { readonly issuer: object }[];
}

/** The API server's own authenticator, configured by the file of its page. */
describe.skipIf(needs.absent)(`the API server of Kubernetes${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "apiserver-"));
  const file = join(folder, "authentication.yaml");
  let front: TlsFront;
  let issuer: JwtIssuer;

  beforeAll(async () => {
    front = stack.use(await startTlsFront());
    issuer = stack.use(await startJwtIssuer({ audiences: [CLUSTER], front }));
    const text = blockOf("oidc/kubernetes.md", "Setting it up", "yaml")
      .replaceAll("https://id.example.org", front.url)
      .replaceAll("prod.example.org", TRUST_DOMAIN);
    const page = parse(text) as Authentication; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the program decodes it strictly
    const jwt = page.jwt.map((one) => ({
      ...one,
      issuer: { ...one.issuer, certificateAuthority: front.ca },
    }));
    writeFileSync(file, stringify({ ...page, jwt }));
  });
  afterAll(async () => {
    await stack.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  async function authenticate(...tokens: readonly string[]): Promise<readonly Verdict[]> {
    const program = needs.path("kubernetes-authenticate");
    const input = `${tokens.join("\n")}\n`;
    const output = await runChecked(program, [file], { input, deadlineMs: 50_000 });
    return output
      .trim()
      .split("\n")
      .map((line) => verdictSchema.parse(JSON.parse(line)));
  }

  it("knows the workload by its SPIFFE ID", async () => {
    const user = { ok: true, username: SUBJECT, groups: [`spiffe:${TRUST_DOMAIN}`] };
    const tokens = [await issuer.issued(CLUSTER), issuer.signed(CLUSTER)];
    expect(await authenticate(...tokens)).toEqual([user, user]);
  });

  it("refuses what it must, while it takes what the same key signs", async () => {
    await using stranger = await startJwtIssuer({ audiences: [CLUSTER] });
    const hostile = await Promise.all(HOSTILE.map(async ([, make]) => make(issuer, CLUSTER)));
    const claims = { iss: front.url };
    const verdicts = await authenticate(
      ...hostile,
      await stranger.issued(CLUSTER),
      stranger.signed(CLUSTER, { claims }),
      issuer.signed(CLUSTER, { claims: { sub: "spiffe://other.example/ci/build" } }),
      issuer.signed(CLUSTER, { claims: { sub: "system:admin" } }),
      issuer.signed(CLUSTER, { claims: { iss: `${front.url}/` } }),
      issuer.signed(CLUSTER),
    );
    const names = [...HOSTILE.map(([name]) => name), "stranger", "stranger's key"];
    names.push("trust domain", "system", "issuer with a slash");
    expect(verdicts.slice(0, -1).map(({ ok }, at) => [names[at], ok])).toEqual(
      names.map((name) => [name, false]),
    );
    expect(verdicts.at(-1)?.ok).toBe(true);
  });
});
