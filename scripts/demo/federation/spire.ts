import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../../interop/programs.ts";
import { startSpire, type SpirePeer } from "../../interop/spire.ts";
import type { Peer } from "../mutual-tls.ts";
import type { Domain, PeerEntry } from "./domains.ts";

const ENDPOINT_PATH = "/svidmint/bundle-endpoint";

/** A SPIRE server as anybody runs one; undefined where the program is not at hand. */
export async function startSpireDomain(): Promise<Spire | undefined> {
  const program = findProgram("spire-server");
  return program === undefined ? undefined : new Spire(await startSpire(program));
}

export class Spire {
  readonly #peer: SpirePeer;

  constructor(peer: SpirePeer) {
    this.#peer = peer;
  }

  get name(): string {
    return this.#peer.trustDomain;
  }

  /** What a configuration of ours says of it: the first connection is verified with the bundle as it is now. */
  async entry(): Promise<PeerEntry> {
    const bundle = await this.#peer.command("bundle", "show", "-format", "spiffe");
    return {
      url: this.#peer.bundleUrl,
      profile: "https_spiffe",
      endpoint_spiffe_id: `spiffe://${this.name}/spire/server`,
      bundle: `data:;base64,${btoa(bundle)}`,
      allow_private_addresses: true,
    };
  }

  /** Has it federate with a domain of ours by profile `https_spiffe`. */
  async federateWith({ name, url, spiffeEndpoint }: Domain): Promise<void> {
    const path = join(this.#peer.folder, `${name}.json`);
    await writeFile(path, await (await fetch(`${url}/bundle`)).text());
    const options = {
      trustDomain: name,
      bundleEndpointURL: `https://${spiffeEndpoint}/bundle`,
      bundleEndpointProfile: "https_spiffe",
      endpointSpiffeID: `spiffe://${name}${ENDPOINT_PATH}`,
      trustDomainBundlePath: path,
      trustDomainBundleFormat: "spiffe",
    };
    const words = Object.entries(options).flatMap(([option, value]) => [`-${option}`, value]);
    await this.#peer.command("federation", "create", ...words);
    await this.#peer.command("federation", "refresh", "-id", name);
  }

  /** The CAs that it holds of another trust domain, PEM. */
  authoritiesOf(name: string): Promise<string> {
    return this.#peer.command("bundle", "list", "-id", `spiffe://${name}`, "-format", "pem");
  }

  /** A workload of its own, minted; it verifies `other` by what SPIRE holds of that domain. */
  async workload(path: string, other: string): Promise<Peer> {
    const { folder } = this.#peer;
    const id = `spiffe://${this.name}${path}`;
    await this.#peer.command("x509", "mint", "-spiffeID", id, "-write", folder);
    const [chain = "", keyPem = ""] = await Promise.all(
      ["svid.pem", "key.pem"].map((file) => readFile(join(folder, file), "utf8")),
    );
    return { chain, keyPem, authorities: [await this.authoritiesOf(other)] };
  }

  stop(): Promise<void> {
    return this.#peer.server.stop();
  }
}
