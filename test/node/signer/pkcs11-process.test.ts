import { afterEach, describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { TokenRequest } from "../../../src/signer/node/pkcs11/messages.ts";
import { ModuleProcess } from "../../../src/signer/node/pkcs11/module-process.ts";
import { callsOf, writeModule, type FakeModule } from "../../fakes/node/cryptoki.ts";
import { ED_INFO, FAKE, MODULE, moduleFile, PIN, faultOf } from "./token-world.ts";

const REQUEST: TokenRequest = {
  token: { label: "svidmint" },
  key: { label: "ed" },
  pin: PIN,
  work: {
    kind: "sign",
    scheme: { name: "Ed25519" },
    input: utf8Encode("bytes that we encoded"),
    publicKey: ED_INFO,
  },
  timeoutMs: 60_000,
};

const opened: ModuleProcess[] = [];
afterEach(() => Promise.all(opened.splice(0).map((module) => module.close())));

function bench(faults: FakeModule["faults"] = {}, silentMs = 60_000) {
  const path = moduleFile({ ...MODULE, faults });
  const module = new ModuleProcess(path, { provider: FAKE, silentMs });
  opened.push(module);
  const ask = () => module.ask("root", REQUEST);
  const mend = () => writeModule(path, MODULE);
  const count = (call: string) => callsOf(path).filter((one) => one === call).length;
  return { path, module, ask, mend, count };
}

describe("the process of a module", () => {
  it("after a session that was lost is another, with a session of its own", async () => {
    const lost = { does: "CKR_SESSION_HANDLE_INVALID", code: 0xb3 };
    const { ask, mend, count } = bench({ C_Sign: lost });
    const fault = await faultOf(ask);
    expect(fault).toMatchObject({ code: "unavailable", retryable: true });
    expect(fault.message).toBe(`the token gives nothing for root: ${lost.does}`);
    mend();
    expect(await ask()).toHaveLength(64);
    expect([count("C_Initialize"), count("C_Login")]).toEqual([2, 2]);
  });

  it("stays after a refusal that is the key's alone", async () => {
    const { ask, mend, count } = bench({
      C_SignInit: { does: "CKR_KEY_FUNCTION_NOT_PERMITTED", code: 0x68 },
    });
    expect(await faultOf(ask)).toMatchObject({ code: "denied" });
    mend();
    expect(await ask()).toHaveLength(64);
    expect(count("C_Initialize")).toBe(1);
  });

  it("is ended where its module hangs, and all who wait are told", async () => {
    const { ask, mend, path } = bench({}, 200);
    await ask();
    writeModule(path, { ...MODULE, faults: { C_Sign: { does: "hang" } } });
    const faults = await Promise.all([faultOf(ask), faultOf(ask), faultOf(ask)]);
    expect(faults.map(({ code }) => code)).toEqual(["timeout", "timeout", "timeout"]);
    mend();
    expect(await ask()).toHaveLength(64);
  });

  it("that crashes takes nothing with it", async () => {
    const { ask, mend } = bench({ C_Sign: { does: "crash" } });
    const fault = await faultOf(ask);
    expect(fault).toMatchObject({ code: "unavailable" });
    expect(fault.message).toContain("the process of its module ended");
    mend();
    expect(await ask()).toHaveLength(64);
  });

  it("closes its module when it is told to end", async () => {
    const { ask, module, count } = bench();
    await ask();
    await module.close();
    expect(count("C_Finalize")).toBe(1);
    await module.close(); // there is none any more
    expect(count("C_Finalize")).toBe(1);
  });

  it("is told of a module that does not initialise, or cannot be loaded", async () => {
    const { ask } = bench({ C_Initialize: { does: "CKR_CANT_LOCK", code: 0x0a } });
    expect((await faultOf(ask)).message).toContain("CKR_CANT_LOCK");
    const absent = new ModuleProcess("/nowhere/module", { provider: FAKE });
    opened.push(absent);
    expect(await faultOf(() => absent.ask("root", REQUEST))).toMatchObject({ code: "denied" });
  });
});
