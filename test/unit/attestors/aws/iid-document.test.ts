import { describe, expect, it } from "vitest";
import type { Reason } from "../../../../src/reasons.ts";
import { accepted } from "../../../conformance/attestor.ts";
import { ACCOUNT, judge, NOW, refusal, simulatedCloud } from "./iid-support.ts";

const cloud = await simulatedCloud();

describe("aws_iid: members of a document", () => {
  it("refuses signed documents whose members are not what EC2 writes", async () => {
    const attestor = await cloud.attestor();
    const cases: [Record<string, unknown>, Reason][] = [
      [{ version: "2010-08-31" }, "claim_value"],
      [{ version: undefined }, "claim_value"],
      [{ instanceId: "i-0123456789ABCDEF0" }, "claim_value"],
      [{ instanceId: "i-0123456789abcdef01" }, "claim_value"],
      [{ instanceId: "i-0123456" }, "claim_value"],
      [{ instanceId: "i-01234567/../x" }, "claim_value"],
      [{ instanceId: "mi-0123456789abcdef0" }, "claim_value"],
      [{ instanceId: "i-0123456789abcdef0\n" }, "claim_value"],
      [{ instanceId: null }, "claim_value"],
      [{ instanceId: ["i-0123456789abcdef0"] }, "claim_value"],
      [{ availabilityZone: "xx-east-1a" }, "claim_value"],
      [{ availabilityZone: "xx-west-1" }, "claim_value"],
      [{ availabilityZone: "xx-west-10a" }, "claim_value"],
      [{ availabilityZone: "xx-west-1a/" }, "claim_value"],
      [{ availabilityZone: "yy-west-1-xx-west-1" }, "claim_value"],
      [{ availabilityZone: undefined }, "claim_value"],
      [{ imageId: 7 }, "claim_type"],
      [{ instanceType: ["t3.micro"] }, "claim_type"],
      [{ privateIp: {} }, "claim_type"],
      [{ architecture: true }, "claim_type"],
      [{ billingProducts: "bp-1" }, "claim_type"],
      [{ marketplaceProductCodes: [1] }, "claim_type"],
      [{ marketplaceProductCodes: ["mp-1", 1] }, "claim_type"],
    ];
    for (const [document, reason] of cases)
      expect(await judge(attestor, await cloud.signed(document), NOW)).toMatchObject(
        refusal(reason),
      );
  });

  it.each(["xx-west-1b", "xx-west-1-lax-1a", "xx-west-1-wl1-bos-wlz-1"])(
    "takes zone %s",
    async (zone) => {
      const evidence = await cloud.signed({ availabilityZone: zone });
      expect(await judge(await cloud.attestor(), evidence, NOW)).toMatchObject({
        value: { claims: { availability_zone: zone } },
      });
    },
  );

  it("takes members that are null or empty as absent, and members it does not know as nothing", async () => {
    const evidence = await cloud.signed({
      privateIp: null,
      imageId: null,
      architecture: "",
      account: "999999999999",
      region_: "x",
    });
    const { claims } = accepted(await judge(await cloud.attestor(), evidence, NOW));
    expect(claims["account"]).toBe(ACCOUNT);
    expect(Object.keys(claims)).not.toContain("private_ip");
    expect(Object.keys(claims)).not.toContain("architecture");
    expect(Object.keys(claims)).not.toContain("region_");
  });

  it.each([
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00+00:00",
    "2026-01-01t00:00:00z",
    "2026-01-01 00:00:00Z",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z ",
    "2026-01-01T00:00:00z",
    "+012026-01-01T00:00:00Z",
    "1767225600",
    1_767_225_600,
    null,
  ])("refuses %j as a pendingTime", async (pendingTime) => {
    expect(
      await judge(await cloud.attestor(), await cloud.signed({ pendingTime }), NOW),
    ).toMatchObject(refusal("claim_value"));
  });
});
