import { SOURCES } from "../client/node/sources.ts";
import type { Command } from "./command.ts";

export interface CommandEntry {
  readonly summary: string;
  /** Where there are many alike, the overview names them together: `evidence TYPE`. */
  readonly family?: string;
  load(): Promise<{ readonly default: Command }>;
}

/** Every command with its one-line summary; the code behind it is imported only when it is called. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: { summary: "write a configuration that works", load: () => import("./commands/init.ts") },
  serve: { summary: "run the issuer", load: () => import("./commands/serve.ts") },
  attest: {
    summary: "judge evidence offline, and say what the rules make of it",
    load: () => import("./commands/attest.ts"),
  },
  "evidence dev": {
    summary: "sign a development token for a key",
    load: () => import("./commands/evidence-dev.ts"),
  },
  "evidence auto": {
    summary: "find out where this runs, and fetch its evidence",
    load: () => import("./commands/evidence-auto.ts"),
  },
  ...evidenceCommands(),
  "policy check": {
    summary: "check a configuration: every error and warning with its line",
    load: () => import("./commands/policy-check.ts"),
  },
  "policy test": {
    summary: "run cases of claims against the rules",
    load: () => import("./commands/policy-test.ts"),
  },
  "policy explain": {
    summary: "say which identity claims or evidence get, and why not another",
    load: () => import("./commands/policy-explain.ts"),
  },
  "policy diff": {
    summary: "say what changes for whom between two configurations",
    load: () => import("./commands/policy-diff.ts"),
  },
  "policy compile": {
    summary: "write a configuration as the JSON that Workers and Lambda take",
    load: () => import("./commands/policy-compile.ts"),
  },
  "key new": {
    summary: "make a workload key and its certificate request",
    load: () => import("./commands/key-new.ts"),
  },
  "keys create": {
    summary: "make a signing key, or say how",
    load: () => import("./commands/keys-create.ts"),
  },
  "keys list": {
    summary: "list signing keys: what each is now, and what becomes of it when",
    load: () => import("./commands/keys-list.ts"),
  },
  "keys plan-rotation": {
    summary: "plan the next key, or the removal of a lost one",
    load: () => import("./commands/keys-plan-rotation.ts"),
  },
  "keys apply": {
    summary: "say whether a configuration may take the place of the live one",
    load: () => import("./commands/keys-apply.ts"),
  },
  "keys verify": {
    summary: "ask where each key lies whether it is the configured one",
    load: () => import("./commands/keys-verify.ts"),
  },
  "ca init": {
    summary: "sign the root certificate of a trust domain",
    load: () => import("./commands/ca-init.ts"),
  },
  "ca sign-intermediate": {
    summary: "sign an intermediate CA certificate under a root",
    load: () => import("./commands/ca-sign-intermediate.ts"),
  },
  "ca show": {
    summary: "put CA certificates into words, with what is wrong with them",
    load: () => import("./commands/ca-show.ts"),
  },
  "bundle get": {
    summary: "fetch the bundle of a peer, or of a URL",
    load: () => import("./commands/bundle-get.ts"),
  },
  "bundle show": {
    summary: "put a bundle into words, with what is wrong with it",
    load: () => import("./commands/bundle-show.ts"),
  },
  "bundle diff": {
    summary: "say what changes from one bundle to another",
    load: () => import("./commands/bundle-diff.ts"),
  },
  "bundle verify": {
    summary: "say whether consumers take a bundle",
    load: () => import("./commands/bundle-verify.ts"),
  },
  "bundle peers": {
    summary: "ask each peer, and list what is believed of it",
    load: () => import("./commands/bundle-peers.ts"),
  },
  "bundle reset": {
    summary: "let a peer start anew, with a lower sequence",
    load: () => import("./commands/bundle-reset.ts"),
  },
  "bundle publish": {
    summary: "write bundle, discovery and JWKS to a bucket, a cluster or a trust anchor",
    load: () => import("./commands/bundle-publish.ts"),
  },
  doctor: {
    summary: "look at a configuration where it is to run, and say how to mend what is wrong",
    load: () => import("./commands/doctor.ts"),
  },
  dpop: { summary: "sign the DPoP header for a request", load: () => import("./commands/dpop.ts") },
  inspect: {
    summary: "put a certificate, token, CSR or bundle into words",
    load: () => import("./commands/inspect.ts"),
  },
  verify: {
    summary: "verify an SVID with the bundle of its trust domain",
    load: () => import("./commands/verify.ts"),
  },
  "claims show": {
    summary: "show who owns a piece of evidence",
    load: () => import("./commands/claims-show.ts"),
  },
  "claims assign": {
    summary: "give a piece of evidence to a key",
    load: () => import("./commands/claims-assign.ts"),
  },
  "claims release": {
    summary: "take an owner, or all owners, back",
    load: () => import("./commands/claims-release.ts"),
  },
  "claims ban": {
    summary: "let nobody own a piece of evidence",
    load: () => import("./commands/claims-ban.ts"),
  },
};

/** One for each source of evidence. */
function evidenceCommands(): Record<string, CommandEntry> {
  return Object.fromEntries(
    Object.entries(SOURCES).map(([name, { summary, load }]) => [
      `evidence ${name}`,
      {
        summary,
        family: "evidence TYPE",
        async load() {
          const [{ sourceCommand }, { source }] = await Promise.all([
            import("./source-command.ts"),
            load(),
          ]);
          return { default: sourceCommand(name, source) };
        },
      },
    ]),
  );
}
