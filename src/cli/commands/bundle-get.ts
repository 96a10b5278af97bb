import { utf8Decode } from "../../encoding/bytes.ts";
import { believe } from "../../federation/believe.ts";
import type { PeerError } from "../../federation/peer.ts";
import { openPeers } from "../../runtimes/node/peers.ts";
import { isTrustDomain } from "../../spiffe/trust-domain.ts";
import { readBundle } from "../bundle/compare.ts";
import { findDocument, isUrl } from "../bundle/source.ts";
import { defineCommand } from "../command.ts";
import { checkConfig, configurationError } from "../config.ts";
import { CommandError, UsageError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { CONFIG_OPTION } from "../keys/load.ts";
import { print, printable, printError } from "../output.ts";
import { replaceFile } from "../replace-file.ts";

export default defineCommand({
  about:
    "Fetches a bundle: of a peer as its entry says (profile, identity of the endpoint, least sequence), or of a URL by https_web. What it is believed to be is checked, so that what --out writes may serve as the entry's bundle.",
  args: {
    source: {
      type: "positional",
      required: true,
      description: "a trust domain under peers:, or a URL",
    },
    ...CONFIG_OPTION,
    "trust-domain": {
      type: "string",
      valueHint: "TD",
      description: "whose bundle a URL is to have: roots of another are refused",
    },
    out: { type: "string", valueHint: "FILE", description: "write it there" },
  },
  examples: [
    {
      does: "the bundle of a peer, as this configuration fetches it",
      command: "svidmint bundle get partner.example --config prod.yaml",
    },
    {
      does: "a bundle to begin with",
      command:
        "svidmint bundle get https://id.partner.example/bundle --trust-domain partner.example --out partner.bundle.json",
    },
  ],
  exits: "0 fetched and believed, 1 not, 2 wrong usage or configuration",
  async run(args) {
    const { source, out } = args;
    const text = isUrl(source)
      ? await ofUrl(source, args["trust-domain"])
      : await ofPeer(source, args.config);
    if (out === undefined) print(text);
    else {
      await replaceFile(out, text);
      printError(`wrote ${printable(out)}`);
    }
    return 0;
  },
});

async function ofUrl(url: string, trustDomain: string | undefined): Promise<string> {
  if (trustDomain !== undefined && !isTrustDomain(trustDomain))
    throw new UsageError("a trust domain is a name such as prod.example.org, without spiffe://");
  const document = await findDocument(url);
  if (trustDomain === undefined) {
    readBundle(document);
    printError("svidmint: whose bundle it is was not checked: give --trust-domain");
  } else {
    const believed = believe(document.bytes, trustDomain, undefined);
    if (!believed.ok) throw refusal(url, believed.error);
  }
  // As it was served.
  return utf8Decode(document.bytes) ?? "";
}

async function ofPeer(name: string, path: string): Promise<string> {
  const { config, issues } = await checkConfig(path, { openPeers });
  if (config === undefined) throw configurationError(issues);
  if (!config.heldPeers.has(name))
    throw new CommandError(`${printable(path)} has no peer ${printable(name)}`, 2);
  const now = platform.now();
  await config.heldPeers.refresh(name, now);
  const state = config.heldPeers.states(now).find(({ trustDomain }) => trustDomain === name);
  const { lastError, held, usable } = state ?? {};
  if (lastError !== undefined) throw refusal(name, lastError);
  if (held === undefined || usable !== true)
    throw new CommandError(`${printable(name)}: nothing is held`);
  return held.document;
}

function refusal(name: string, { code, detail }: PeerError): CommandError {
  return new CommandError(
    printable(`${name}: ${code}${detail === undefined ? "" : `: ${detail}`}`),
  );
}
