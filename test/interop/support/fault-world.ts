import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeEvidenceIssuer, type EvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import { jwtRequest, type WireRequest, x509Request } from "../../../scripts/interop/request.ts";
import { startSvidmint, type Svidmint } from "../../../scripts/interop/svidmint.ts";
import { makeKey } from "../../../scripts/interop/workload.ts";
import { FaultProxy } from "../../fakes/node/fault-proxy.ts";
import { listen } from "../../fakes/node/listen.ts";
import { bundleRoots, fetchBundle, splitPem } from "./svids.ts";

/** A simulated key service, and what is to be known of it to break it. */
export interface SimulatedService {
  /** The value of `backend`. */
  readonly backend: string;
  handle(request: Request): Promise<Response>;
  /** Whether a request is one for a signature; else it is one for credentials. */
  signs(request: Request): boolean;
  /** An X.509 and a JWT entry of `keys:`, but for `id`, `backend` and the instants; both keys P-256. */
  keys(): Promise<{ readonly x509: object; readonly jwt: object }>;
  /** @param url where the service is reached */
  variables(url: string): Readonly<Record<string, string>>;
  /** The ledger: of each message that was signed, its SHA-256 in hexadecimal. */
  signed(): readonly string[];
  /** What it answers in place of a signature. */
  readonly refusals: Readonly<
    Record<"access denied" | "a disabled key" | "throttling" | "a fault of its own", () => Response>
  >;
  /** Answers that are no signature of this key's, by what is wrong with them. */
  readonly lies: Readonly<Record<string, Lie>>;
}
/** Makes an answer of the service's own, a JSON object. */
export type Lie = (
  answer: Readonly<Record<string, unknown>>,
) => Response | Promise<Response | undefined> | undefined;

export interface Outcome {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Of a refusal. */
  readonly requestId: string | undefined;
  /** Milliseconds. */
  readonly took: number;
}
export type AuditEvent = Readonly<Record<string, unknown>> & {
  readonly event: string;
  readonly x509?: { readonly tbs_sha256: string };
  readonly jwt?: { readonly input_sha256: string };
};

/** A real issuer, whose key service is behind a proxy; all three can be told to fail. */
export class FaultWorld implements AsyncDisposable {
  readonly evidence: EvidenceIssuer = makeEvidenceIssuer();
  /** Requests for a signature that reached the service. */
  calls = 0;
  /** In place of an answer, for the calls that `spares` does not spare. */
  refusal: (() => Response) | undefined;
  lie: Lie | undefined;
  spares: (call: number) => boolean = () => false;
  issuer!: Svidmint;
  proxy!: FaultProxy;
  #roots: X509Certificate[] = [];
  #seen = 0;
  readonly #stack = new AsyncDisposableStack();
  readonly #service: SimulatedService;

  private constructor(service: SimulatedService) {
    this.#service = service;
  }

  static async start(service: SimulatedService): Promise<FaultWorld> {
    const world = new FaultWorld(service);
    const served = await listen((request) => world.#serve(request));
    world.#stack.defer(() => served.close());
    world.proxy = await FaultProxy.start(Number(new URL(served.url).port));
    world.#stack.defer(() => world.proxy.kill());
    const entry = { backend: service.backend, published_at: "2026-01-01T00:00:00Z" };
    const { x509, jwt } = await service.keys();
    world.issuer = world.#stack.use(
      await startSvidmint({
        evidence: world.evidence,
        keys: {
          x509: [{ ...entry, id: "root", ...x509 }],
          jwt: [{ ...entry, id: "jwt", ...jwt }],
        },
        audit: { sink: "file:audit.log" },
        env: service.variables(world.proxy.url),
      }),
    );
    const roots = splitPem(bundleRoots(await fetchBundle(world.issuer.url)));
    world.#roots = roots.map((pem) => new X509Certificate(pem));
    return world;
  }

  async #serve(request: Request): Promise<Response> {
    if (!this.#service.signs(request)) return this.#service.handle(request);
    const spared = this.spares(++this.calls);
    if (this.refusal !== undefined && !spared) return this.refusal();
    const answer = await this.#service.handle(request);
    if (this.lie === undefined || spared) return answer;
    const lie = await this.lie((await answer.json()) as Readonly<Record<string, unknown>>);
    if (lie === undefined) throw new Error("no lie");
    return lie;
  }

  /** One request for an SVID. An SVID that does not verify under the bundle is thrown: there may be none. */
  async ask(kind: "x509" | "jwt" = "x509"): Promise<Outcome> {
    const request = (kind === "x509" ? x509Request : jwtRequest)(
      this.issuer.url,
      this.evidence,
      makeKey(),
    );
    const start = performance.now();
    const answer = await this.post(request);
    const took = performance.now() - start;
    const body = (await answer.json()) as {
      readonly x509?: { readonly certificate_chain: string };
      readonly request_id?: string;
    };
    const [leaf] = splitPem(body.x509?.certificate_chain ?? "");
    if (leaf !== undefined) {
      const certificate = new X509Certificate(leaf);
      if (!this.#roots.some((root) => certificate.verify(root.publicKey)))
        throw new Error("an SVID was issued that does not verify");
    }
    const { status, headers } = answer;
    return { status, retryAfter: headers.get("retry-after"), requestId: body.request_id, took };
  }

  post({ headers, body }: WireRequest): Promise<Response> {
    const init = { method: "POST", headers, body, signal: AbortSignal.timeout(20_000) };
    return fetch(`${this.issuer.url}/v1/svids`, init);
  }

  /** Lines of the audit log that have been written since the last time. */
  newEvents(): AuditEvent[] {
    const events = this.#log();
    const from = this.#seen;
    this.#seen = events.length;
    return events.slice(from);
  }

  /** Of one request that was refused, once its outcome is there: it is written behind the answer. */
  async eventsOf({ requestId }: Outcome): Promise<AuditEvent[]> {
    for (;;) {
      const events = this.#log().filter((event) => event["request_id"] === requestId);
      if (events.some(({ event }) => event === "outcome")) return events;
      await sleep(10); // oxlint-disable-line no-await-in-loop -- until it is there
    }
  }

  #log(): AuditEvent[] {
    const log = readFileSync(join(this.issuer.folder, "audit.log"), "utf8");
    const whole = log.slice(0, log.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditEvent);
  }

  /** Ends every fault. @returns milliseconds until both keys sign again */
  async recover(): Promise<number> {
    this.refusal = undefined;
    this.lie = undefined;
    this.spares = () => false;
    this.proxy.fault = undefined;
    const start = performance.now();
    for (const kind of ["x509", "jwt"] as const)
      while ((await this.ask(kind)).status !== 200) await sleep(50); // oxlint-disable-line no-await-in-loop -- one after another
    return performance.now() - start;
  }

  /** Fetches what is public over and over. @returns what ends it, and gives the statuses that were seen */
  watchDocuments(): () => Promise<ReadonlySet<number>> {
    const paths = ["/bundle", "/.well-known/jwks.json", "/.well-known/openid-configuration"];
    const statuses = new Set<number>();
    const end = new AbortController();
    const watch = (async () => {
      while (!end.signal.aborted) {
        for (const path of paths) {
          const answer = await fetch(this.issuer.url + path); // oxlint-disable-line no-await-in-loop -- one after another
          await answer.arrayBuffer(); // oxlint-disable-line no-await-in-loop -- one after another
          statuses.add(answer.status);
        }
        await sleep(20); // oxlint-disable-line no-await-in-loop -- one after another
      }
    })();
    return async () => {
      end.abort();
      await watch;
      return statuses;
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
