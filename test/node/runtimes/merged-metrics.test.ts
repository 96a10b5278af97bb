import { expect, it } from "vitest";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import { mergedMetrics } from "../../../src/runtimes/node/merged-metrics.ts";

function source(trustDomain: string) {
  const metrics = createMetrics();
  metrics.count("svidmint_requests_total", { outcome: "issued" });
  metrics.count("svidmint_faults_total");
  metrics.observe("svidmint_request_duration_seconds", 0.002);
  return { trustDomain, metrics };
}

it("of one trust domain stand as they are", () => {
  const one = source("a.example");
  expect(mergedMetrics([one]).render()).toBe(one.metrics.render());
});

it("of several have a label each, and the series of a name stand together", () => {
  const [a, b] = [source("a.example"), source("b.example")];
  b.metrics.count("svidmint_alarms_total", { alarm: "key_denied" });
  const lines = mergedMetrics([a, b]).render().trimEnd().split("\n");
  const series = lines.filter((line) => !line.startsWith("#"));
  expect(series.filter((line) => !/\{trust_domain="[ab]\.example"[,}]/.test(line))).toEqual([]);
  expect(series).toContain('svidmint_requests_total{trust_domain="a.example",outcome="issued"} 1');
  expect(series).toContain('svidmint_faults_total{trust_domain="b.example"} 1');
  expect(series).toContain(
    'svidmint_request_duration_seconds_bucket{trust_domain="b.example",le="+Inf"} 1',
  );
  const names = lines.filter((line) => line.startsWith("# TYPE"));
  expect(new Set(names).size).toBe(names.length);
  // A family is one block: where a name comes back after another, scrapers refuse the page.
  const blocks = lines
    .map(
      (line) =>
        /^(?:# \w+ )?(svidmint_[a-z]+(?:_[a-z]+)*?)(?:_bucket|_sum|_count)?[{ ]/.exec(line)?.[1],
    )
    .filter((name, index, all) => name !== all[index - 1]);
  expect(new Set(blocks).size).toBe(blocks.length);
});
