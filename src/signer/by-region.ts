import { variable } from "../platform/credentials.ts";

/** One value for all regions, or that of the region where this process runs. @returns undefined where there is none for it */
export function ofThisRegion(
  value: string | Readonly<Record<string, string>>,
  deps: { readonly env: (name: string) => unknown },
): { readonly region: string | undefined; readonly value: string | undefined } {
  const region = variable(deps, "SVIDMINT_REGION") ?? variable(deps, "AWS_REGION");
  if (typeof value === "string") return { region, value };
  const there = region !== undefined && Object.hasOwn(value, region);
  return { region, value: there ? value[region] : undefined };
}
