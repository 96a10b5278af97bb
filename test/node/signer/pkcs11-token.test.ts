import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { KeyName, TokenName, TokenWork } from "../../../src/signer/node/pkcs11/messages.ts";
import {
  decryptRefusalOf,
  refusalOf,
  type TokenFault,
} from "../../../src/signer/node/pkcs11/refusal.ts";
import { MOST_SESSIONS } from "../../../src/signer/node/pkcs11/sessions.ts";
import { Token } from "../../../src/signer/node/pkcs11/token.ts";
import { callsOf, PKCS11, type FakeModule } from "../../fakes/node/cryptoki.ts";
import { ED_INFO, ED_KEY, MODULE, moduleFile, OTHER_KEY, PIN, TOKEN } from "./token-world.ts";

const WORK: TokenWork = {
  kind: "sign",
  scheme: { name: "Ed25519" },
  input: utf8Encode("bytes that we encoded"),
  publicKey: ED_INFO,
};
const ED: KeyName = { label: "ed" };
const never = (): boolean => false;

function open(module: FakeModule, token: TokenName = { label: "svidmint" }, pin = PIN) {
  const path = moduleFile(module);
  const cryptoki = new PKCS11();
  cryptoki.load(path);
  const opened = new Token(cryptoki, { token, pin });
  const perform = (key = ED, late = never) =>
    opened.perform({ token, pin, key, work: WORK, timeoutMs: 1000 }, late);
  return { path, perform };
}

const withToken = (changes: object): FakeModule => ({ tokens: [{ ...TOKEN, ...changes }] });
const withKey = (changes: object): FakeModule => withToken({ keys: [{ ...ED_KEY, ...changes }] });

async function faultOf(run: () => unknown): Promise<TokenFault> {
  try {
    await run();
  } catch (error) {
    return refusalOf(error).fault;
  }
  throw new Error("not refused");
}

describe("the token that is meant", () => {
  const two: FakeModule = {
    tokens: [
      { ...TOKEN, keys: [] },
      { ...TOKEN, serial: "0b" },
    ],
  };

  it.each<[string, FakeModule, TokenName]>([
    ["its label", MODULE, { label: "svidmint" }],
    ["its serial", two, { serial: "0b" }],
    ["its slot", two, { slot: 1 }],
    ["all of them", two, { label: "svidmint", serial: "0b", slot: 1 }],
  ])("is found by %s", async (_, module, name) => {
    expect(await open(module, name).perform()).toHaveLength(64);
  });

  it.each<[string, TokenName]>([
    ["label", { label: "svid" }],
    ["serial", { label: "svidmint", serial: "0" }],
    ["slot", { label: "svidmint", slot: 2 }],
  ])("is not one of another %s; another process may find it yet", async (_, name) => {
    const fault = await faultOf(() => open(two, name));
    expect(fault).toEqual({ code: "denied", message: "it is not there", ends: "process" });
  });

  it("is not one of two", async () => {
    const fault = await faultOf(() => open(two));
    expect(fault).toMatchObject({ code: "denied", message: expect.stringContaining("serial") });
  });
});

describe("the key that is meant", () => {
  const twice = withToken({ keys: [ED_KEY, { ...ED_KEY, id: "03", privateKey: OTHER_KEY }] });

  it("is found by label and id, and looked for once", async () => {
    const { perform, path } = open(twice);
    await perform({ label: "ed", id: "02" });
    await perform({ label: "ed", id: "02" });
    const looked = callsOf(path).filter((call) => call === "C_FindObjectsInit");
    expect(looked).toHaveLength(2); // private and public half
  });

  it.each<[string, FakeModule, KeyName, string]>([
    ["where there is none", MODULE, { label: "e" }, "no such private key"],
    ["where there are two", twice, { label: "ed" }, "several"],
    ["which asks for the PIN each time", withKey({ alwaysAuthenticate: true }), ED, "at each use"],
  ])("is not taken %s", async (_, module, key, message) => {
    const fault = await faultOf(() => open(module).perform(key));
    expect(fault).toEqual({ code: "denied", message: expect.stringContaining(message) });
  });

  it("does not sign where its public half is another than the configuration's", async () => {
    const { perform, path } = open(withKey({ publicKey: OTHER_KEY }));
    expect(await faultOf(() => perform())).toMatchObject({ code: "unsound" });
    expect(callsOf(path)).not.toContain("C_Sign");
  });

  it("signs where its public half cannot be read: each signature is verified", async () => {
    expect(await open(withKey({ publicKey: "hidden" })).perform()).toHaveLength(64);
  });
});

describe("the PIN", () => {
  const logins = (path: string) => callsOf(path).filter((call) => call === "C_Login").length;

  it("that is refused ends all trying", async () => {
    const fault = await faultOf(() => open(MODULE, {}, "0000"));
    expect(fault).toMatchObject({ code: "denied", ends: "pin" });
    expect(fault.message).toContain("CKR_PIN_INCORRECT");
  });

  it.each([
    ["has one try left", 0x2_0000],
    ["is locked", 0x4_0000],
  ])("of a token that %s is not tried", async (_, flag) => {
    const path = moduleFile(withToken({ flags: 4 | flag }));
    const cryptoki = new PKCS11();
    cryptoki.load(path);
    const fault = await faultOf(() => new Token(cryptoki, { token: {}, pin: PIN }));
    expect(fault).toMatchObject({ code: "denied" });
    expect(fault.ends).toBeUndefined(); // the operator may mend it while we run
    expect(logins(path)).toBe(0);
  });

  it("is not needed by a token without login", async () => {
    const { perform, path } = open(withToken({ flags: 0 }), {}, "0000");
    expect(await perform()).toHaveLength(64);
    expect(logins(path)).toBe(0);
  });
});

describe("sessions", () => {
  const opened = (path: string) => callsOf(path).filter((call) => call === "C_OpenSession").length;
  const many = Array.from({ length: 30 });

  it("are opened as they are needed, up to a limit", async () => {
    const { perform, path } = open(MODULE);
    await perform();
    expect(opened(path)).toBe(1);
    const signatures = await Promise.all(many.map(() => perform()));
    expect(signatures).toHaveLength(30);
    expect(opened(path)).toBe(MOST_SESSIONS);
  });

  it("are as many as the token has", async () => {
    const { perform, path } = open(withToken({ sessions: 2 }));
    await Promise.all(many.map(() => perform()));
    expect(opened(path)).toBe(3); // one was refused
  });

  it("are throttled where there is none at all", async () => {
    expect(await faultOf(() => open(withToken({ sessions: 0 })))).toMatchObject({
      code: "throttled",
    });
  });

  it("sign nothing for nobody, and go on to the next", async () => {
    const { perform, path } = open(MODULE);
    expect(await faultOf(() => perform(ED, () => true))).toMatchObject({ code: "timeout" });
    expect(callsOf(path)).not.toContain("C_Sign");
    expect(await perform()).toHaveLength(64);
  });
});

describe("what a module says", () => {
  const said = (name: string, code: number) =>
    refusalOf(Object.assign(new Error(name), { code })).fault;

  it.each<[string, number, TokenFault["code"], TokenFault["ends"]]>([
    ["CKR_PIN_INCORRECT", 0xa0, "denied", "pin"],
    ["CKR_PIN_EXPIRED", 0xa3, "denied", "pin"],
    ["CKR_PIN_LOCKED", 0xa4, "denied", "pin"],
    ["CKR_USER_TYPE_INVALID", 0x103, "denied", undefined],
    ["CKR_USER_PIN_NOT_INITIALIZED", 0x102, "denied", undefined],
    ["CKR_MECHANISM_INVALID", 0x70, "denied", undefined],
    ["CKR_ARGUMENTS_BAD", 0x07, "denied", undefined],
    ["CKR_KEY_FUNCTION_NOT_PERMITTED", 0x68, "denied", undefined],
    ["CKR_SESSION_COUNT", 0xb1, "throttled", undefined],
    ["CKR_DEVICE_ERROR", 0x30, "unavailable", "process"],
    ["CKR_DEVICE_REMOVED", 0x32, "unavailable", "process"],
    ["CKR_TOKEN_NOT_PRESENT", 0xe0, "unavailable", "process"],
    ["CKR_SESSION_CLOSED", 0xb0, "unavailable", "process"],
    ["CKR_SESSION_HANDLE_INVALID", 0xb3, "unavailable", "process"],
    ["CKR_OBJECT_HANDLE_INVALID", 0x82, "unavailable", "process"],
    ["CKR_USER_NOT_LOGGED_IN", 0x101, "unavailable", "process"],
    ["CKR_GENERAL_ERROR", 0x05, "unavailable", "process"],
    ["CKR_VENDOR_DEFINED", 0x8000_0001, "unavailable", "process"],
  ])("%s (%i) is %s", (name, code, kind, ends) => {
    const fault = said(name, code);
    expect([fault.code, fault.ends]).toEqual([kind, ends]);
    expect(fault.message).toContain(name);
  });

  it("of a ciphertext is that of a failed device, and taken for what it is", () => {
    const error = Object.assign(new Error("CKR_GENERAL_ERROR"), { code: 0x05 });
    const { fault } = decryptRefusalOf(error);
    expect(fault.code).toBe("denied");
    expect(fault.ends).toBeUndefined();
    const lost = Object.assign(new Error("CKR_SESSION_CLOSED"), { code: 0xb0 });
    expect(decryptRefusalOf(lost).fault.ends).toBe("process");
  });

  it("is read where pkcs11js leaves it unread", () => {
    expect(refusalOf(new Error("CKR_PIN_INCORRECT:160\n at C_Login")).fault.ends).toBe("pin");
  });

  it("is not repeated beyond the name", () => {
    expect(said("CKR_DEVICE_ERROR the secret is hunter2", 0x30).message).toBe("CKR_DEVICE_ERROR");
    expect(said("the secret is hunter2", 0).message).toBe("an unknown fault");
  });
});
