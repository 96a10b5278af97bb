/** What one trust domain holds of another, as it says itself. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly profile: string;
  readonly sequence?: string | undefined;
  /** Seconds; undefined where it does not tell. */
  readonly age?: number | undefined;
  readonly usable: boolean;
}

const ARROW = 12;

/**
 * Who trusts whom, and by a bundle of what age, one line a pair:
 * ```
 *   aws.example.org ──https_web────▶ gcp.example.org    sequence 1764115200, 2 s old
 * ```
 */
export function picture(edges: readonly Edge[]): string {
  const width = (pick: (edge: Edge) => string): number =>
    Math.max(...edges.map((edge) => pick(edge).length));
  const [left, right] = [width(({ from }) => from), width(({ to }) => to)];
  let before = "";
  const lines = edges.map(({ from, to, profile, usable, ...held }) => {
    const name = from === before ? "".padEnd(left) : from.padEnd(left);
    before = from;
    const arrow = usable
      ? `──${profile.padEnd(ARROW, "─")}─▶`
      : `──${profile.padEnd(ARROW, "╌")}╳ `;
    return `   ${name} ${arrow} ${to.padEnd(right)}  ${describe(usable, held)}`;
  });
  return lines.join("\n");
}

function describe(usable: boolean, { sequence, age }: Pick<Edge, "sequence" | "age">): string {
  if (!usable) return "nothing that may be used";
  const facts = [
    ...(sequence === undefined ? [] : [`sequence ${sequence}`]),
    ...(age === undefined ? [] : [`${age} s old`]),
  ];
  return facts.length === 0 ? "held" : facts.join(", ");
}

/** The edges of an issuer, by its metrics. @param profiles of its peers, by name */
export async function edgesOf(
  from: string,
  metrics: string,
  profiles: Readonly<Record<string, string>>,
): Promise<readonly Edge[]> {
  const text = await (await fetch(`http://${metrics}/metrics`)).text();
  const value = (name: string, peer: string): string | undefined =>
    new RegExp(`^${name}\\{[^}]*peer="${peer.replaceAll(".", "\\.")}"[^}]*\\} (\\S+)$`, "m").exec(
      text,
    )?.[1];
  return Object.entries(profiles).map(([to, profile]) => {
    const age = value("svidmint_peer_bundle_age_seconds", to);
    return {
      from,
      to,
      profile,
      sequence: value("svidmint_peer_bundle_sequence", to),
      ...(age !== undefined && { age: Math.round(Number(age)) }),
      usable: value("svidmint_peer_usable", to) === "1",
    };
  });
}
