import type { AppOptions } from "../handlers/app.ts";
import { createDomains } from "../handlers/domains.ts";
import { keepApart } from "../issuer/apart.ts";
import type { Issuer } from "../issuer/issuer.ts";
import type { OpenStoredDeps } from "../issuer/stored-config.ts";

interface SeveralDeps extends AppOptions {
  /** @param document JSON, or text of it */
  readonly open: (document: unknown, more: Pick<OpenStoredDeps, "admit">) => Promise<Issuer>;
  readonly env: (name: string) => unknown;
}

/** Serves several trust domains, each at the host and path of its issuer URL. */
export type Several = typeof severalDomains;

/** @param members compiled configurations, or `env:NAME` of the binding that holds one. @throws ConfigError */
export async function severalDomains(
  members: readonly unknown[],
  { open, env, ...options }: SeveralDeps,
): Promise<ReturnType<typeof createDomains>> {
  const admit = keepApart();
  const issuers: Issuer[] = [];
  for (const member of members) {
    const named = typeof member === "string" && member.startsWith("env:");
    issuers.push(await open(named ? env(member.slice(4)) : member, { admit })); // oxlint-disable-line no-await-in-loop -- each beside those before it
  }
  return createDomains(issuers, options);
}
