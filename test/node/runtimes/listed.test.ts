import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { backends } from "../../../src/runtimes/node/backends.ts";
import { nodeStores } from "../../../src/runtimes/node/stores.ts";
import { backendDefinitions } from "../../../src/signer/definitions.ts";
import { storeDefinitions } from "../../../src/stores/definitions.ts";

const ROOT = new URL("../../../", import.meta.url);
const workers = readFileSync(new URL("src/runtimes/workers.ts", ROOT), "utf8");
const page = (name: string): string => readFileSync(new URL(`docs/${name}`, ROOT), "utf8");
const pageOf = (name: string): string => `${name.replaceAll("_", "-")}.md`;
/** Of this process or machine alone: on the pages on keys and claims. */
const isRemote = (name: string): boolean => !["local", "file", "memory"].includes(name);

/** What a configuration may name and no runtime opens would be found out when it is deployed. */
describe("what a configuration may name", () => {
  const stores = (runtime: string) =>
    storeDefinitions.flatMap((one) => (one.runtime === runtime ? [one.store] : []));
  const names = backendDefinitions.map(({ backend }) => backend);

  it("is opened on Node: each backend, and each store that runs there", () => {
    expect(Object.keys(backends).toSorted()).toEqual(names.toSorted());
    expect(Object.keys(nodeStores(".")).toSorted()).toEqual(stores("node").toSorted());
  });

  it.each(backendDefinitions.filter(({ nodeOnly }) => nodeOnly !== true))(
    "can be opened by a Worker: $backend",
    ({ backend }) => {
      const name = backend.replace(/(?:^|_)[a-z]/g, (start) =>
        start.replace("_", "").toUpperCase(),
      );
      expect(workers).toMatch(new RegExp(`(?:ex|im)port \\{ open${name} \\} from`));
    },
  );

  it.each(stores("workers"))("is opened on Workers: %s", (store) => {
    expect(workers).toContain(`${store}: open`);
  });

  it.each(names.filter(isRemote))(
    "has a page, which the table of docs/keys.md names: %s",
    (name) => {
      expect(page("keys.md")).toContain(`| \`${name}\` | [`);
      expect(page("keys.md")).toContain(`(signers/${pageOf(name)})`);
      expect(page(`signers/${pageOf(name)}`)).toContain(name);
    },
  );

  it.each(storeDefinitions.map(({ store }) => store).filter(isRemote))(
    "has a page, which docs/claims.md and docs/configuration.md name: %s",
    (name) => {
      const link = `[\`${name}\`](stores/${pageOf(name)})`;
      expect(page("claims.md")).toContain(link);
      expect(page("configuration.md")).toContain(link.replaceAll("`", ""));
      expect(page(`stores/${pageOf(name)}`)).toContain(name);
    },
  );
});
