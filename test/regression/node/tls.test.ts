import { readdir, readFile } from "node:fs/promises";
import { once } from "node:events";
import { connect } from "node:tls";
import { describe, expect, it } from "vitest";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { bundlesOnly, EndpointCertificate } from "../../../src/runtimes/node/bundle-endpoint.ts";
import { listen } from "../../../src/runtimes/node/http-server.ts";
import { createWorld } from "../../unit/issuer/world.ts";

const SOURCE = new URL("../../../src/", import.meta.url);
const SERVER = /from "node:(?:tls|https|http2)"[^]*\bcreate(?:Secure|Tls)?Server\b/;

describe("listeners that end TLS", () => {
  it("SPIRE 1.14.3 (TLS): are the one of the bundle alone, which asks no client who it is", async () => {
    const names = (await readdir(SOURCE, { recursive: true })).filter((name) =>
      name.endsWith(".ts"),
    );
    const texts = await Promise.all(names.map((name) => readFile(new URL(name, SOURCE), "utf8")));
    const servers = names.filter((_, at) => SERVER.test(texts[at] ?? ""));
    expect(names.length).toBeGreaterThan(100);
    expect(servers).toEqual(["runtimes/node/http-server.ts"]);
    expect(texts.filter((text) => /requestCert/.test(text))).toEqual([]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "SPIRE 1.14.3 (TLS): resume no session of %s",
    async (maxVersion) => {
      const world = await createWorld({ platform: nodePlatform });
      let certificate: EndpointCertificate | undefined;
      const server = await listen(
        bundlesOnly(world.issuer, (request) => world.fetch(request)),
        { host: "127.0.0.1", port: 0 },
        {
          tls(show) {
            certificate = new EndpointCertificate(world.issuer, {
              platform: world.platform,
              path: () => "/svidmint/bundle-endpoint",
              show,
              log: () => undefined,
            });
          },
        },
      );
      try {
        await certificate?.look();
        const { port } = server.address;
        const options = { host: "127.0.0.1", port, rejectUnauthorized: false, maxVersion } as const;
        const first = connect(options);
        await once(first, "secureConnect");
        const session = first.getSession();
        first.destroy();
        const second = connect({ ...options, ...(session && { session }) });
        await once(second, "secureConnect");
        expect(second.isSessionReused()).toBe(false);
        second.destroy();
      } finally {
        await server.stop();
      }
    },
  );
});
