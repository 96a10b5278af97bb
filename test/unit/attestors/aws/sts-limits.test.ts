import { describe, expect, it } from "vitest";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { NOW } from "../support.ts";
import { attestorWith, PRINCIPAL, sign, Sink } from "./sts-support.ts";

const hex = (n: number) => n.toString(16).padStart(64, "0");

describe("calls to STS", () => {
  it("are not made twice for what STS refused", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const good = await sign();
    const bad = { ...good, signature: hex(1) };
    const tries = [bad, bad, good, bad, good];
    const outcomes = [];
    for (const evidence of tries) outcomes.push(outcome(await judge(attestor, evidence, NOW, JKT))); // oxlint-disable-line no-await-in-loop -- in order
    // A wrong signature never stands in the way of the right one.
    expect(outcomes).toEqual([
      "signature_invalid",
      "signature_invalid",
      "accepted",
      "signature_invalid",
      "accepted",
    ]);
    expect(sink.requests).toHaveLength(3);
  });

  it("are forgotten, the oldest first, where more were refused than a stranger may have us keep", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const good = await sign();
    sink.respond = () =>
      Response.json({ Error: { Code: "SignatureDoesNotMatch" } }, { status: 403 });
    const refuse = async (n: number, now: number) => {
      const result = await judge(attestor, { ...good, signature: hex(n) }, now, JKT);
      expect(outcome(result)).toBe("signature_invalid");
    };
    for (let n = 0; n <= 1024; n++) await refuse(n, NOW + Math.floor(n / 50)); // oxlint-disable-line no-await-in-loop -- in order
    expect(sink.requests).toHaveLength(1025);
    await refuse(1, NOW + 30);
    expect(sink.requests).toHaveLength(1025);
    await refuse(0, NOW + 30);
    expect(sink.requests).toHaveLength(1026);
  });

  it("are made again where STS said nothing of the signature", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const evidence = await sign();
    const answers = [
      () => new Response(null, { status: 500 }),
      () => Response.json({ Error: { Code: "SignatureDoesNotMatch" } }, { status: 500 }),
      () => new Response("<html>", { status: 403 }),
      () => Response.json({ Error: { Code: "Throttling" } }, { status: 400 }),
      () => {
        throw new TypeError("fetch failed");
      },
    ];
    const usual = sink.respond;
    for (const answer of answers) {
      sink.respond = answer;
      expect(outcome(await judge(attestor, evidence, NOW, JKT))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop -- in order
    }
    sink.respond = usual;
    expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe("accepted");
  });

  it("are bounded at once and by the second, and nobody waits for one", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const good = await sign();
    const release: (() => void)[] = [];
    const usual = sink.respond;
    sink.respond = async (request) => {
      await new Promise<void>((resolve) => void release.push(resolve));
      return usual(request);
    };
    const flood = Array.from({ length: 100 }, (_, n) =>
      judge(attestor, { ...good, signature: hex(n) }, NOW, JKT),
    );
    // Those that may not ask are told at once, while the others are still waiting for STS.
    const first = await Promise.race(flood.toReversed());
    expect(outcome(first)).toBe("sts_unavailable");
    await expect.poll(() => release.length).toBe(32);
    for (const one of release) one();
    const outcomes = (await Promise.all(flood)).map(outcome);
    expect(outcomes.filter((one) => one === "signature_invalid")).toHaveLength(32);
    expect(outcomes.filter((one) => one === "sts_unavailable")).toHaveLength(68);
    sink.respond = usual;
    let asked = 0;
    for (let n = 1000; n < 1180; n++) {
      const result = await judge(attestor, { ...good, signature: hex(n) }, NOW, JKT); // oxlint-disable-line no-await-in-loop -- one after the other
      if (outcome(result) === "signature_invalid") asked++;
    }
    expect(asked).toBe(200 - 32);
    expect(outcome(await judge(attestor, good, NOW, JKT))).toBe("sts_unavailable");
    expect(outcome(await judge(attestor, good, NOW + 1, JKT))).toBe("accepted");
  });

  it("tell nobody a token, key or signature", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const good = await sign();
    const told = [
      await judge(attestor, { ...good, signature: hex(7) }, NOW, JKT),
      await judge(attestor, good, NOW, JKT),
      await judge(attestor, { ...good, session_token: `${good.session_token} ` }, NOW, JKT),
    ];
    const text = JSON.stringify(told);
    for (const secret of [
      good.session_token,
      good.signature,
      hex(7),
      PRINCIPAL.secretAccessKey,
      good.access_key_id,
    ])
      expect(text).not.toContain(secret);
  });
});
