import { beforeAll, describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { provePossession } from "../../../src/issuer/possession.ts";
import type { SvidRequest } from "../../../src/issuer/request.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { AUDIENCE, ENDPOINT, NOW, workload, type Workload } from "./world.ts";

const platform = webCryptoPlatform({ now: () => NOW });
let alice: Workload;
let bob: Workload;
beforeAll(async () => {
  [alice, bob] = [await workload({ platform, now: NOW }), await workload({ platform, now: NOW })];
});

type Named = readonly (string | undefined)[];

/** The owner that a request proved, before any evidence is verified and anybody asked about it. */
async function prove(asked: Partial<SvidRequest>, named: Named, by?: Workload): Promise<string> {
  const request: SvidRequest = { evidence: [{ type: "oidc" }], ...asked };
  const body = JSON.stringify(request);
  const result = await provePossession(request, named, {
    platform,
    now: NOW,
    target: ENDPOINT,
    ours: new Set(),
    dpop: by === undefined ? null : await by.dpop(body),
    body: utf8Encode(body),
  });
  return result.ok ? (result.value.owner ?? "nobody") : result.error.reason;
}

const jwt = { audience: [AUDIENCE] };

describe("evidence that names a key", () => {
  it("is for that key alone, whichever way another is proved", async () => {
    const x509 = { csr: alice.csr };
    expect(await prove({ x509 }, [alice.jkt])).toBe(alice.jkt);
    expect(await prove({ x509 }, [bob.jkt])).toBe("binding_mismatch");
    expect(await prove({ x509 }, [alice.jkt, bob.jkt])).toBe("binding_mismatch");
    expect(await prove({ jwt }, [bob.jkt], alice)).toBe("binding_mismatch");
    expect(await prove({ x509, jwt }, [alice.jkt], bob)).toBe("key_mismatch");
  });

  it("is for nobody who proves none, nor for a token without a DPoP proof", async () => {
    const x509 = { csr: alice.csr };
    // Of some evidence it shows only later which key that is.
    for (const named of [alice.jkt, undefined]) {
      expect(await prove({ jwt }, [named])).toBe("possession_missing"); // oxlint-disable-line no-await-in-loop -- two
      expect(await prove({ x509, jwt }, [named])).toBe("possession_missing"); // oxlint-disable-line no-await-in-loop -- two
      expect(await prove({ x509, jwt }, [named], alice)).toBe(alice.jkt); // oxlint-disable-line no-await-in-loop -- two
    }
  });
});

describe("evidence that names none", () => {
  it("leaves open whose it is", async () => {
    expect(await prove({ jwt }, [])).toBe("nobody");
    expect(await prove({ x509: { csr: alice.csr }, jwt }, [])).toBe(alice.jkt);
    expect(await prove({ x509: { csr: alice.csr }, jwt }, [], bob)).toBe(bob.jkt);
  });
});
