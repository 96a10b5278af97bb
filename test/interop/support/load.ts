import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import { issue, jwtRequest, x509Request } from "../../../scripts/interop/request.ts";
import { makeKey } from "../../../scripts/interop/workload.ts";
import { splitPem } from "./svids.ts";

/** One SVID of each kind, and who signed them. */
interface Pair {
  readonly chain: string;
  readonly token: string;
  /** Name of the root above the chain. */
  readonly root: string;
  /** Of the token. */
  readonly kid: string;
}

interface LoadOptions {
  readonly issuer: string;
  /** Of its instances: where one does not answer, the other is asked. */
  readonly urls: readonly string[];
  readonly evidence: EvidenceIssuer;
  readonly audience: string;
  /** What a relying party says of an SVID. */
  readonly judge: (shown: {
    readonly chain?: string;
    readonly token?: string;
    readonly audience?: readonly string[];
  }) => Promise<{ readonly ok: boolean; readonly error?: string | undefined }>;
}

const PAUSE_MS = 50;

/** A workload that asks for SVIDs without end, and shows each to a relying party at once. */
export class Load {
  readonly issuer: string;
  /** In the order in which they were issued. */
  readonly all: Pair[] = [];
  /** What the relying party did not take when it was new. */
  readonly refused: string[] = [];
  readonly #options: LoadOptions;
  #running: Promise<void> | undefined;
  #ends = false;

  constructor(options: LoadOptions) {
    this.issuer = options.issuer;
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ends = true;
    await this.#running;
  }

  /** One more pair, apart from those of the load. */
  async next(): Promise<Pair> {
    for (let turn = 0; ; turn++) {
      const url = this.#options.urls[turn % this.#options.urls.length] ?? this.issuer;
      const pair = await this.#ask(url).catch(() => undefined); // oxlint-disable-line no-await-in-loop -- until one answers
      if (pair !== undefined) {
        this.all.push(pair);
        for (const verdict of await this.#judge(pair)) this.refused.push(verdict); // oxlint-disable-line no-await-in-loop
        return pair;
      }
      if (turn > 200) throw new Error("no instance issues");
      await sleep(PAUSE_MS); // oxlint-disable-line no-await-in-loop
    }
  }

  /** All that was ever issued, judged now. @returns what is refused */
  async judgeAll(): Promise<string[]> {
    const verdicts = await Promise.all(this.all.map((pair) => this.#judge(pair)));
    return verdicts.flat();
  }

  async #run(): Promise<void> {
    while (!this.#ends) {
      await this.next(); // oxlint-disable-line no-await-in-loop -- one after the other
      await sleep(PAUSE_MS); // oxlint-disable-line no-await-in-loop
    }
  }

  async #ask(url: string): Promise<Pair> {
    const { issuer, evidence } = this.#options;
    const { x509 } = await issue(url, x509Request(issuer, evidence, makeKey()));
    const { jwt } = await issue(url, jwtRequest(issuer, evidence, makeKey()));
    const chain = x509?.certificate_chain ?? "";
    const token = jwt?.token ?? "";
    const [head = ""] = token.split(".");
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid: string };
    const last = new X509Certificate(splitPem(chain).at(-1) ?? "");
    return { chain, token, kid, root: last.issuer };
  }

  async #judge({ chain, token }: Pair): Promise<string[]> {
    const { judge, audience } = this.#options;
    const verdicts = await Promise.all([judge({ chain }), judge({ token, audience: [audience] })]);
    return verdicts.flatMap(({ ok, error }) => (ok ? [] : [error ?? "refused"]));
  }
}
