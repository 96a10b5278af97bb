import { afterAll, beforeAll, describe } from "vitest";
import type { ClaimStore } from "../../src/stores/claim-store.ts";
import { claimTests } from "./store-claims.ts";
import { historyTests } from "./store-histories.ts";
import { operationTests } from "./store-operations.ts";
import { serviceTests, type FailingRecords } from "./store-service.ts";
import { subject } from "./store-subject.ts";

/**
 * What every claim store does alike.
 * @param options `runs` of each property: fewer where a step costs a round trip; `service`: of a store over HTTP, its
 *   records, and how a test makes its service fail
 */
export function storeConformance(
  name: string,
  make: () => Promise<ClaimStore>,
  options: { readonly runs?: number; readonly service?: FailingRecords } = {},
): void {
  describe(`ClaimStore: ${name}`, () => {
    let made: ClaimStore | undefined;
    const it = subject(() => {
      if (made === undefined) throw new Error("the store is made when the suite runs");
      return made;
    });
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.close?.();
    });

    claimTests(it);
    operationTests(it);
    historyTests(it, options.runs ?? 200);
    if (options.service !== undefined) serviceTests(options.service);
  });
}
