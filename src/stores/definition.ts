import type * as z from "zod/mini";
import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import type { CloudLibraries } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import type { ClaimStore } from "./claim-store.ts";

/** What is to be known of a deployment to tell whether a store fits it. */
export interface StoreContext {
  /** The issuer URL. */
  readonly issuer: string;
  /** There is exactly one instance. */
  readonly single: boolean;
}

/** One entry in `definitions.ts`: what a configuration may say of a claim store. Holds nothing that opens one. */
export interface StoreDefinition<C = unknown> {
  /** The value of `claims.store`. */
  readonly store: string;
  /** Which runtime lists its opener. */
  readonly runtime: "node" | "workers";
  /** The section `claims:`, `store` included; unknown keys are errors. A function: made where it is used. */
  config(): z.ZodMiniType<C>;
  /** What the schema cannot say; paths are relative to the section. */
  check?(config: C, context: StoreContext): readonly ConfigIssue[];
}

export interface StoreDeps {
  readonly platform: Platform;
  readonly trustDomain: string;
  /** Reads secrets of the operator's: on Node, files that others can read are refused. */
  readonly read: ReadResource;
  /** Reads what the platform mounts, with a mode of its own; `read` if absent. */
  readonly readMounted?: ReadResource;
  /** The process's variables on Node, the bindings on Workers. */
  readonly env: (name: string) => unknown;
  /** Where the runtime has any. */
  readonly libraries?: CloudLibraries;
  /** What is doubtful; paths are relative to the section. */
  readonly report: (issue: ConfigIssue) => void;
}

interface StoreOpener<C = unknown> {
  open(config: C, deps: StoreDeps): Promise<ClaimStore>;
}

/**
 * Opens a store as its section says, which was checked. It stands apart from the definition, so that a bundle which
 * reads only compiled configurations holds no schema of one.
 * @throws ConfigError, StoreError where it can never be used so; a store that does not answer now is opened all the same
 */
export type OpenStore<C = unknown> = StoreOpener<C>["open"];

/** A section as its definition read it. */
export interface ClaimsSection {
  readonly store: string;
  readonly [member: string]: unknown;
}
