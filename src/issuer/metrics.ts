/**
 * Counters, gauges and histograms in the Prometheus text format (version 0.0.4). Label values come from closed lists or
 * from configuration, never from a request, so that the number of series is bounded.
 */
export interface Metrics {
  /** Adds one to `name{labels}`. */
  count(name: string, labels?: Readonly<Record<string, string>>): void;
  /** Records one duration in seconds. */
  observe(name: string, seconds: number): void;
  /** `read` is called at each `render`, and stands in the place of what `name` had before. */
  gauge(name: string, read: () => readonly GaugeValue[]): void;
  render(): string;
}

interface GaugeValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | bigint;
}

const HELP: Readonly<Record<string, string>> = {
  svidmint_requests_total: "Requests for SVIDs by outcome: issued, or the code of the refusal.",
  svidmint_refusals_total: "Refused requests by internal reason.",
  svidmint_svids_issued_total: "SVIDs signed and handed out, by kind.",
  svidmint_config_reloads_total:
    "Configurations read while serving, by outcome: loaded or refused.",
  svidmint_peer_refreshes_total:
    "Fetches of peers' bundles by outcome: refreshed, or why nothing of it was believed.",
  svidmint_peer_store_failures_total: "Peers' bundles that could not be stored, or read again.",
  svidmint_peer_bundle_age_seconds: "Time since a peer last confirmed the bundle that is held.",
  svidmint_peer_bundle_sequence: "spiffe_sequence of the bundle that is held of a peer.",
  svidmint_peer_usable: "1 where a peer's bundle is held and not too old, else 0.",
  svidmint_alarms_total: "Events that a person should look at.",
  svidmint_request_duration_seconds:
    "Time from the first byte of a request for SVIDs to its answer.",
};
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  /** As they are printed. */
  readonly labels: string;
  value: number;
}

interface Histogram {
  readonly counts: number[];
  sum: number;
  total: number;
}

export function createMetrics(): Metrics {
  const counters = new Map<string, Map<string, Series>>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, () => readonly GaugeValue[]>();
  return {
    gauge: (name, read) => void gauges.set(name, read),
    count(name, labels) {
      const counter = counters.get(name) ?? new Map<string, Series>();
      counters.set(name, counter);
      let key = "";
      for (const label in labels) key += `${label}=${labels[label]} `;
      const series = counter.get(key);
      if (series !== undefined) series.value += 1;
      else counter.set(key, { labels: labels === undefined ? "" : renderLabels(labels), value: 1 });
    },
    observe(name, seconds) {
      const histogram = histograms.get(name) ?? { counts: BUCKETS.map(() => 0), sum: 0, total: 0 };
      histograms.set(name, histogram);
      const at = BUCKETS.findIndex((bound) => seconds <= bound);
      if (at >= 0) histogram.counts[at] = (histogram.counts[at] ?? 0) + 1;
      histogram.sum += seconds;
      histogram.total += 1;
    },
    render() {
      const lines: string[] = [];
      for (const [name, series] of counters) {
        lines.push(`# HELP ${name} ${HELP[name] ?? name}`, `# TYPE ${name} counter`);
        for (const { labels, value } of series.values()) lines.push(`${name}${labels} ${value}`);
      }
      for (const [name, read] of gauges) {
        const values = read();
        if (values.length > 0)
          lines.push(`# HELP ${name} ${HELP[name] ?? name}`, `# TYPE ${name} gauge`);
        for (const { labels, value } of values)
          lines.push(`${name}${renderLabels(labels)} ${value}`);
      }
      for (const [name, histogram] of histograms) lines.push(...renderHistogram(name, histogram));
      return `${lines.join("\n")}\n`;
    },
  };
}

function renderHistogram(name: string, histogram: Histogram): string[] {
  const lines = [`# HELP ${name} ${HELP[name] ?? name}`, `# TYPE ${name} histogram`];
  let below = 0;
  BUCKETS.forEach((bound, index) => {
    below += histogram.counts[index] ?? 0;
    lines.push(`${name}_bucket{le="${bound}"} ${below}`);
  });
  lines.push(
    `${name}_bucket{le="+Inf"} ${histogram.total}`,
    `${name}_sum ${histogram.sum}`,
    `${name}_count ${histogram.total}`,
  );
  return lines;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replace(/[\\"\n]/g, "_")}"`,
  );
  return `{${pairs.join(",")}}`;
}
