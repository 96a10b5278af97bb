import { SVID_USES, byUse } from "../../src/signer/algorithms.ts";
import { listen, type RunningServer } from "../../src/runtimes/node/http-server.ts";
import type { TimelineEntry } from "../../src/signer/timeline.ts";
import { AUDIENCE, NOW } from "../unit/issuer/names.ts";
import { createReloading, DAY, type ReloadWorld } from "../unit/issuer/reloading.ts";
import { workload, type Workload } from "../unit/issuer/world.ts";
import { Consumer, type Signed } from "./rotation-consumer.ts";

/** Four instances over HTTP whose clocks and configurations differ, workloads that ask them, and verifiers. */

export const HINT = 300;
/** An edit reaches an instance within so many seconds. */
export const MAX_LAG = 2 * HINT;
const INSTANCES = 4;
const MAX_SKEW = 25;
const STEP = 60;

interface Instance {
  readonly world: ReloadWorld;
  /** Seconds by which its clock is ahead. */
  readonly skew: number;
  readonly server: RunningServer;
  readonly url: string;
  readonly due: { readonly at: number; readonly document: object }[];
}

/** Numbers that look random and are the same in each run. */
function dice(): () => number {
  let state = 20_261_101;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

export class RotationFleet {
  /** True time, Unix seconds. */
  now = NOW;
  readonly counts = { requests: 0, svids: 0, verifications: 0, reloads: 0 };
  /** Who refused what it should not have. */
  readonly rejected: string[] = [];
  readonly lists: Record<(typeof SVID_USES)[number], TimelineEntry[]>;
  readonly consumers = [new Consumer(), new Consumer()];
  readonly #roll = dice();
  readonly #instances: Instance[] = [];
  readonly #due = [0, 0];
  #live: readonly Signed[] = [];
  #client: Workload | undefined;
  #home: ReloadWorld | undefined;

  constructor() {
    this.lists = byUse((use): TimelineEntry[] => [
      { id: `${use}-0`, publishedAt: NOW - DAY },
      { id: `${use}-spare`, publishedAt: NOW - DAY, activeFrom: "standby" },
    ]);
  }

  async begin(): Promise<void> {
    this.#home = await createReloading();
    const document = await this.#document();
    for (let i = 0; i < INSTANCES; i++) {
      const world = await createReloading(this.#home, document); // oxlint-disable-line no-await-in-loop -- four, once
      const server = await listen(world.app.fetch, { host: "127.0.0.1", port: 0 }); // oxlint-disable-line no-await-in-loop
      const url = `http://127.0.0.1:${server.address.port}`;
      const skew = Math.round((2 * this.#roll() - 1) * MAX_SKEW);
      this.#instances.push({ world, skew, server, url, due: [] });
    }
    const time = (): number => this.now;
    this.#client = await workload({
      platform: this.#home.platform,
      get now() {
        return time();
      },
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.#instances.map(({ server }) => server.stop()));
  }

  /** How often the key service signed an intermediate. */
  get calls(): number {
    return this.#home?.ring.calls ?? 0;
  }

  /** SVIDs that have not expired. */
  get live(): readonly Signed[] {
    return this.#live;
  }

  /** The lists as they are now reach each instance in its own time. */
  async rollOut(): Promise<void> {
    const document = await this.#document();
    for (const { due } of this.#instances)
      due.push({ at: this.now + Math.round(this.#roll() * MAX_LAG), document });
  }

  /** Time passes: configurations arrive, verifiers refresh, workloads ask. @param busy how many, each step */
  async pass(seconds: number, busy: number): Promise<void> {
    for (const end = this.now + seconds; this.now < end; this.now += STEP) {
      this.#live = this.#live.filter(({ expiresAt }) => expiresAt > this.now);
      for (const instance of this.#instances) await this.#arrive(instance); // oxlint-disable-line no-await-in-loop -- as time passes
      for (const [i, consumer] of this.consumers.entries()) await this.#refresh(i, consumer); // oxlint-disable-line no-await-in-loop
      for (let i = 0; i < busy; i++) await this.#ask(this.#any()); // oxlint-disable-line no-await-in-loop
    }
  }

  #any(): Instance {
    const instance = this.#instances[Math.floor(this.#roll() * INSTANCES)];
    if (instance === undefined) throw new Error("no instances");
    return instance;
  }

  async #arrive({ world, skew, due }: Instance): Promise<void> {
    world.now = this.now + skew;
    while (due[0] !== undefined && due[0].at <= this.now) {
      await world.reload(world.document("a", due.shift()?.document)); // oxlint-disable-line no-await-in-loop -- in order
      this.counts.reloads++;
    }
  }

  async #refresh(i: number, consumer: Consumer): Promise<void> {
    if (this.now < (this.#due[i] ?? 0)) return;
    this.#due[i] = this.now + HINT;
    // The bundle does not change unless something is published: until then each verdict stays what it was.
    if (await consumer.refresh(`${this.#any().url}/bundle/wit`))
      await Promise.all(this.#live.map((svid) => this.#verify(svid, i, consumer)));
  }

  async #ask({ world, url }: Instance): Promise<void> {
    if (this.#client === undefined) throw new Error("not begun");
    const answer = await world.ask(this.#client, { url: `${url}/v1/svids`, wit: true });
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    const { x509, jwt, wit } = JSON.parse(await answer.text());
    const intent = JSON.parse(
      world.lines.findLast((line) => line.includes('"event":"intent"')) ?? "",
    );
    const made: Signed[] = [
      {
        kind: "x509",
        svid: x509.certificate_chain,
        expiresAt: x509.expires_at,
        signer: rootOf(intent.x509.signer),
      },
      { kind: "jwt", svid: jwt.token, expiresAt: jwt.expires_at, signer: intent.jwt.signer },
      { kind: "wit", svid: wit.token, expiresAt: wit.expires_at, signer: intent.wit.signer },
    ];
    this.counts.requests++;
    this.counts.svids += made.length;
    this.#live = [...this.#live, ...made];
    for (const [i, consumer] of this.consumers.entries())
      await Promise.all(made.map((svid) => this.#verify(svid, i, consumer))); // oxlint-disable-line no-await-in-loop
  }

  async #verify(svid: Signed, i: number, consumer: Consumer): Promise<void> {
    this.counts.verifications++;
    if (await consumer.accepts(svid, this.now)) return;
    this.rejected.push(`verifier ${i} refuses ${svid.kind} of ${svid.signer} at ${this.now - NOW}`);
  }

  async #document(): Promise<object> {
    const { ring } = this.#home ?? (await createReloading());
    const keys = Object.fromEntries(
      await Promise.all(
        SVID_USES.map(async (use) => [
          use,
          await Promise.all(this.lists[use].map((entry) => ring.entry(use, entry))),
        ]),
      ),
    );
    const grants = {
      x509: { ttl: "20m" },
      jwt: { ttl: "5m", audiences: [AUDIENCE] },
      wit: { ttl: "20m" },
    };
    const rules = [
      { name: "a", evidence: { "oidc.ci": {} }, spiffe_id: "/a/{oidc.ci.job}", ...grants },
    ];
    return { keys, rules };
  }
}

/** An intermediate is named after the key above it. */
function rootOf(signer: string): string {
  return signer.replace(/\/.*$/, "");
}
