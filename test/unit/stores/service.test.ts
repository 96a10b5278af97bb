import { describe, expect, it } from "vitest";
import { CredentialError } from "../../../src/platform/credentials.ts";
import { credentialsOf } from "../../../src/stores/service.ts";

describe("credentials of a store", () => {
  it.each([
    [true, "unavailable"],
    [false, "refused"],
  ])("that are not there (passing: %s) are %s", async (retryable, code) => {
    const source = (): Promise<never> => Promise.reject(new CredentialError("none", retryable));
    await expect(credentialsOf(source, 1000)).rejects.toMatchObject({ name: "StoreError", code });
  });

  it("are not waited for longer than the call may take", async () => {
    const never = (): Promise<string> => new Promise(() => undefined);
    await expect(credentialsOf(never, 20)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("hide no fault of ours", async () => {
    const source = (): Promise<never> => Promise.reject(new TypeError("boom"));
    await expect(credentialsOf(source, 1000)).rejects.toThrow(TypeError);
  });
});
