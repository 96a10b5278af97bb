import type { Issuer } from "../../issuer/issuer.ts";
import type { Metrics } from "../../issuer/metrics.ts";

type Source = Pick<Issuer, "trustDomain"> & { readonly metrics: Pick<Metrics, "render"> };

/**
 * One page of the metrics of a process: of one trust domain as they stand; of several with a label `trust_domain`, the
 * series of one name together, as the text format has them.
 */
export function mergedMetrics(sources: readonly Source[]): Pick<Metrics, "render"> {
  const [only] = sources;
  return sources.length === 1 && only !== undefined
    ? only.metrics
    : { render: () => merged(sources) };
}

function merged(sources: readonly Source[]): string {
  const families = new Map<string, string[]>();
  for (const { trustDomain, metrics } of sources) {
    let family: string[] = [];
    for (const line of metrics.render().split("\n")) {
      const name = /^# HELP (\S+)/.exec(line)?.[1];
      if (name !== undefined) {
        const known = families.get(name);
        family = known ?? [];
        if (known === undefined) families.set(name, family);
      }
      if (!line.startsWith("#")) {
        if (line !== "") family.push(labelled(line, trustDomain));
      } else if (!family.includes(line)) family.push(line);
    }
  }
  return `${[...families.values()].flat().join("\n")}\n`;
}

/** `name value` or `name{labels} value`: no name holds a brace or a space. */
function labelled(line: string, trustDomain: string): string {
  const end = line.search(/[{ ]/);
  const rest = line[end] === "{" ? `,${line.slice(end + 1)}` : `}${line.slice(end)}`;
  return `${line.slice(0, end)}{trust_domain="${trustDomain}"${rest}`;
}
