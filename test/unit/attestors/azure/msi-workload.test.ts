import { describe, expect, it } from "vitest";
import { outcome } from "../../../conformance/attestor.ts";
import { OID, CLIENT, V1, judgeClaims, V2 } from "./msi-support.ts";

describe("azure_msi", () => {
  describe("what is not a managed identity", () => {
    it.each(["user", "device", "", "App", 1, null, ["app"]])("refuses idtyp %j", async (idtyp) => {
      expect(outcome(await judgeClaims({ ...V1, idtyp }))).toBe("not_a_workload");
    });
    it("takes a token that is older than idtyp", async () => {
      expect(outcome(await judgeClaims({ ...V1, idtyp: undefined }))).toBe("accepted");
    });
    it.each([
      ["appidacr", V1],
      ["azpacr", V2],
    ] as const)(
      "refuses a client that %s does not say holds a certificate",
      async (member, good) => {
        for (const idtyp of ["app", undefined]) {
          const judged = async (change: object) =>
            outcome(await judgeClaims({ ...good, idtyp, ...change }));
          expect(await judged({ [member]: undefined })).toBe("claim_missing");
          // The name that the other version has for it says nothing.
          const other = { appidacr: "2", azpacr: "2", [member]: undefined };
          expect(await judged(other)).toBe("claim_missing");
          for (const proof of ["0", "1", 2, null, "3", "", ["2"]]) {
            expect(await judged({ [member]: proof })).toBe("not_a_workload");
          }
        }
      },
    );
    it.each([
      "scp",
      "upn",
      "unique_name",
      "preferred_username",
      "name",
      "given_name",
      "family_name",
      "email",
      "amr",
    ])("refuses a person's token, known by %s", async (member) => {
      for (const idtyp of ["app", undefined]) {
        // oxlint-disable-next-line no-await-in-loop -- two
        expect(outcome(await judgeClaims({ ...V1, idtyp, [member]: "x" }))).toBe("not_a_workload");
      }
    });
    it("refuses a Graph token: a nonce in the header", async () => {
      for (const nonce of ["x", "", null, 1]) {
        // oxlint-disable-next-line no-await-in-loop -- few
        expect(outcome(await judgeClaims(V1, { nonce }))).toBe("jws_header_forbidden");
      }
    });
    it("refuses an application that is no managed identity", async () => {
      expect(outcome(await judgeClaims({ ...V1, xms_mirid: undefined }))).toBe("not_a_workload");
    });
    it.each([
      ["oid", undefined, "claim_missing"],
      ["oid", OID.toUpperCase(), "claim_value"],
      ["oid", "7ffb2574-9f6e-4520-8292-614fdefd9fe1", "claim_value"],
      ["sub", undefined, "claim_missing"],
      ["sub", "x", "claim_value"],
      ["appid", undefined, "claim_missing"],
      ["appid", "x", "claim_value"],
      ["appid", 1, "claim_missing"],
    ] as const)("refuses %s %j", async (member, value, reason) => {
      expect(outcome(await judgeClaims({ ...V1, [member]: value }))).toBe(reason);
    });
    it.each([OID.toUpperCase(), "x", `${OID}/x`, "../x"])(
      "refuses oid and sub %j, though they are one",
      async (oid) => {
        expect(outcome(await judgeClaims({ ...V1, oid, sub: oid }))).toBe("claim_value");
      },
    );
    it("reads no client of the other version", async () => {
      expect(outcome(await judgeClaims({ ...V1, appid: undefined, azp: CLIENT }))).toBe(
        "claim_missing",
      );
    });
  });
});
