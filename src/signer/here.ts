import { variable } from "../platform/credentials.ts";
import type { BackendDeps } from "./backend.ts";

type Deps = Pick<BackendDeps, "env" | "complain">;

/**
 * Of a `key` by region, the one of this instance, whose region `SVIDMINT_REGION` names.
 * @param own the region as the platform itself names it, where it does
 * @param field of the entry that has it
 * @returns undefined where there is none for it, which `complain` is told
 */
export function keyHere(
  key: string | Readonly<Record<string, string>>,
  deps: Deps,
  own?: string,
  field = "key",
): string | undefined {
  if (typeof key === "string") return key;
  const here = variable(deps, "SVIDMINT_REGION") ?? own;
  const found = here !== undefined && Object.hasOwn(key, here) ? key[here] : undefined;
  if (found === undefined)
    deps.complain(field, `names no key for region ${here ?? "(SVIDMINT_REGION is not set)"}`);
  return found;
}

/**
 * Where a key service is reached: a variable may name another address, a configuration never.
 * @returns undefined where it names none, which `complain` is told
 */
export function endpointHere(name: string, usual: string, deps: Deps): string | undefined {
  const url = variable(deps, name) ?? usual;
  if (URL.canParse(url)) return url;
  deps.complain("key", `the variable ${name} is not a URL`);
  return undefined;
}
