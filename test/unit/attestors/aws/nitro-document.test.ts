import { encode } from "cborg";
import { describe, expect, it } from "vitest";
import { awsNitro } from "../../../../src/attestors/aws/nitro.ts";
import { accepted, outcome } from "../../../conformance/attestor.ts";
import { ENCLAVE, INSTANCE, registerHex, registers, TPM } from "../../../fakes/nitro-device.ts";
import { buildClean, NOW } from "../support.ts";
import { compile, errorsOf, rule } from "../../policy/fixtures.ts";
import {
  enclave,
  everything,
  judgeDocument,
  judgeMembers,
  nitro,
  NONCE,
  root,
  settings,
  tpm,
} from "./nitro-support.ts";

const ZERO = new Uint8Array(48);
const IMAGE = { 0: 1, 1: 2, 2: 3, 3: 0x33, 8: 0x88 };

describe("members of a Nitro document", () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["without module_id", { module_id: undefined }],
    ["with a module that is a number", { module_id: 1 }],
    ["of a module without a device", { module_id: INSTANCE }],
    ["of a module in capitals", { module_id: ENCLAVE.toUpperCase() }],
    ["of a module with more behind it", { module_id: `${ENCLAVE}0` }],
    ["of a module with a line break", { module_id: `${ENCLAVE}\n` }],
    ["of a module with more before it", { module_id: `x${ENCLAVE}` }],
    [
      "of a module of an instance's id that is too long",
      { module_id: `${INSTANCE}0${ENCLAVE.slice(INSTANCE.length)}` },
    ],
    ["of another device's module", { module_id: TPM }],
    ["without digest", { digest: undefined }],
    ["of digest SHA256", { digest: "SHA256" }],
    ["without timestamp", { timestamp: undefined }],
    ["of a timestamp in text", { timestamp: "1" }],
    ["of a negative timestamp", { timestamp: -1 }],
    ["without registers", { pcrs: undefined }],
    ["with registers of both devices", { nitrotpm_pcrs: registers({ 4: 4 }, 24) }],
    ["with a TPM's registers alone", { pcrs: undefined, nitrotpm_pcrs: registers({ 4: 4 }, 24) }],
    ["with no register", { pcrs: new Map() }],
    ["with a list of registers", { pcrs: [ZERO] }],
    ["with registers by text", { pcrs: new Map([["0", ZERO]]) }],
    ["with a register −1", { pcrs: new Map([[-1, ZERO]]) }],
    ["with a register 32", { pcrs: new Map([[32, ZERO]]) }],
    ["with a register of 32 octets", { pcrs: new Map([[0, new Uint8Array(32)]]) }],
    ["with a register of text", { pcrs: new Map([[0, registerHex(1)]]) }],
    ["without certificate", { certificate: undefined }],
    ["with a certificate of 1025 octets", { certificate: new Uint8Array(1025) }],
    ["with an empty certificate", { certificate: new Uint8Array() }],
    ["without cabundle", { cabundle: undefined }],
    ["with a nonce of text", { nonce: "x" }],
    ["with an empty nonce", { nonce: new Uint8Array() }],
    ["with a nonce of 513 octets", { nonce: new Uint8Array(513) }],
    ["with user_data of 513 octets", { user_data: new Uint8Array(513) }],
    ["with a public_key of 1025 octets", { public_key: new Uint8Array(1025) }],
    ["with a public_key of text", { public_key: "x" }],
  ])("%s is refused", async (_, members) => {
    expect(["claim_value", "claim_type", "claim_missing"]).toContain(
      outcome(await judgeMembers(members, everything)),
    );
  });
  it("are those of one device: a TPM's document has no enclave's registers beside its own", async () => {
    const payload = tpm.payload({ nonce: NONCE, pcrs: registers(IMAGE) });
    expect(outcome(await judgeDocument(await tpm.sign(payload), everything))).toBe("claim_missing");
  });
  it("may be more than these", async () => {
    const members = { added_by_aws: new Map([["x", [1, new Map()]]]) };
    expect(outcome(await judgeMembers(members))).toBe("accepted");
  });
  it("are a map and nothing else", async () => {
    for (const payload of [[], "x", 1, null, new Uint8Array(5)]) {
      // oxlint-disable-next-line no-await-in-loop -- five
      expect(outcome(await judgeDocument(await enclave.sign(encode(payload))))).toBe("claim_type");
    }
    expect(outcome(await judgeDocument(await enclave.sign(new Uint8Array())))).toBe(
      "cose_malformed",
    );
  });
  it("are read once: a second one of a name is no document", async () => {
    const bytes = Uint8Array.from(encode(enclave.payload({ nonce: NONCE })));
    const again = [...encode("nonce"), ...encode(null)];
    const twice = Uint8Array.of(0xbf, ...bytes.subarray(1), ...again, 0xff);
    expect(outcome(await judgeDocument(await enclave.sign(twice)))).toBe("cose_malformed");
    const endless = Uint8Array.of(0xbf, ...bytes.subarray(1), 0xff);
    expect(outcome(await judgeDocument(await enclave.sign(endless)))).toBe("accepted");
  });
});

describe("kinds", () => {
  const kindOf = async (pcrs: Readonly<Record<number, number>>) =>
    accepted(await judgeMembers({ pcrs: registers(pcrs) }, everything)).claims;

  it.each([0, 1, 2])("an enclave whose PCR%i is zero is in debug mode", async (index) => {
    const pcrs = registers({ ...IMAGE, [index]: 0 });
    expect(outcome(await judgeMembers({ pcrs }))).toBe("debug_mode");
    const claims = await kindOf({ ...IMAGE, [index]: 0 });
    expect(claims["kind"]).toBe("enclave_debug");
    expect(claims).not.toHaveProperty(`pcr${index}`);
  });
  it("a register is zero where all of it is, and not where its ends are", async () => {
    const value = new Uint8Array(48);
    value[24] = 1;
    const pcrs = registers(IMAGE).set(0, value);
    const { claims } = accepted(await judgeMembers({ pcrs }));
    expect(claims).toMatchObject({ kind: "enclave", pcr0: `${"0".repeat(49)}1${"0".repeat(46)}` });
  });
  it("an enclave that lacks PCR0 is in debug mode, too", async () => {
    const pcrs = registers(IMAGE);
    pcrs.delete(0);
    expect(outcome(await judgeMembers({ pcrs }))).toBe("debug_mode");
  });
  it("debug mode is believed of one's own role or signature only", async () => {
    const by = await buildClean(awsNitro, { ...settings, allow_debug: true });
    const outcomes = [{ 3: 0x33 }, { 8: 0x88 }, { 3: 0x34 }, {}].map(async (pcrs) =>
      outcome(await judgeMembers({ pcrs: registers(pcrs) }, by)),
    );
    expect(await Promise.all(outcomes)).toEqual([
      "accepted",
      "accepted",
      "tenant_not_configured",
      "tenant_not_configured",
    ]);
  });
  it("an enclave without role and signature is anonymous", async () => {
    expect(await kindOf({ 0: 1, 1: 2, 2: 3, 4: 4 })).toMatchObject({ kind: "enclave_anonymous" });
    expect(outcome(await judgeMembers({ pcrs: registers({ 0: 1, 1: 2, 2: 3 }) }))).toBe(
      "tenant_not_configured",
    );
  });
  it("one of the pins is enough, and zeros are no pin", async () => {
    for (const own of [{ 3: 0x33 }, { 8: 0x88 }, { 3: 0x33, 8: 0x99 }]) {
      const pcrs = registers({ 0: 1, 1: 2, 2: 3, ...own });
      expect(outcome(await judgeMembers({ pcrs }))).toBe("accepted"); // oxlint-disable-line no-await-in-loop
    }
  });
  it("a register that is zero is no claim", async () => {
    const document = await tpm.sign(tpm.payload({ nonce: NONCE }));
    const { claims } = accepted(await judgeDocument(document, everything));
    expect(Object.keys(claims).filter((name) => name.startsWith("pcr"))).toEqual([
      "pcr0",
      "pcr4",
      "pcr7",
    ]);
  });
});

describe("rules", () => {
  const section = awsNitro.config().parse({
    pcr3: [registerHex(0x33)],
    nitrotpm: true,
    anonymous_enclaves: true,
    allow_debug: true,
    root,
  });
  const factors = awsNitro.factors(section);
  const errors = (matchers: object, spiffeId = "/enclave") =>
    errorsOf(
      compile(
        [rule({ evidence: { aws_nitro: matchers }, spiffe_id: spiffeId })],
        undefined,
        {},
        factors,
      ).issues,
    );

  it("state the kind where more than one is believed, so that debug mode is never matched by silence", () => {
    expect(errors({ pcr0: registerHex(1) })).toEqual([
      expect.stringMatching(
        /state kind: enclave or enclave_debug or enclave_anonymous or nitrotpm/,
      ),
    ]);
    for (const kind of ["enclave", "enclave_debug"]) expect(errors({ kind })).toEqual([]);
    expect(errors({ kind: ["enclave", "enclave_debug"] })).not.toEqual([]);
    expect(errors({ kind: "*" })).not.toEqual([]);
  });
  it.each(["nitrotpm", "enclave_anonymous"])(
    "count %s only beside evidence of a customer",
    (kind) => {
      expect(errors({ kind, pcr4: registerHex(4) })).toEqual([
        expect.stringMatching(/names no customer/),
      ]);
    },
  );
  it("of one kind alone have it implied", () => {
    const [one] = awsNitro.factors(awsNitro.config().parse({ pcr8: [registerHex(0x88)] }));
    const { policy } = compile(
      [rule({ evidence: { aws_nitro: {} }, spiffe_id: "/enclave" })],
      undefined,
      {},
      [one!],
    );
    expect(policy?.rules[0]?.factors[0]?.matchers.map(({ claim, only }) => [claim, only])).toEqual([
      ["kind", "enclave"],
      ["pcr8", registerHex(0x88)],
    ]);
  });
});

describe("the region of a Nitro document", () => {
  it.each<[string, string | undefined]>([
    [`${ENCLAVE}.us-gov-west-1.aws`, "us-gov-west-1"],
    [`${TPM}.us-east-1.aws`, undefined],
    [`${ENCLAVE}.us-east-1.aws.example`, undefined],
    [`${ENCLAVE}.us-east-1`, undefined],
    [`${ENCLAVE}.us-east-1.awsx`, undefined],
    [`x.${ENCLAVE}.us-east-1.aws`, undefined],
    [`${ENCLAVE}-us-east-1.aws`, undefined],
    [`${ENCLAVE}.us-east-1/x.aws`, undefined],
    [`${ENCLAVE}.x/us-east-1.aws`, undefined],
    [`${ENCLAVE}.aws`, undefined],
  ])("is that in its device's name %s: %s", async (subject, region) => {
    const device = await nitro.device(NOW, { leaf: { subject } });
    const document = await device.sign(device.payload({ nonce: NONCE }));
    expect(accepted(await judgeDocument(document)).claims["region"]).toBe(region);
  });
});
