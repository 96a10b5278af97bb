import type {
  ClaimAnswer,
  ClaimOutcome,
  ClaimRequest,
  ClaimStore,
} from "../../src/stores/claim-store.ts";

/** Ahead of the clock, so that a store's own cleaning never comes between two steps of a test. */
export const NOW = Math.floor(Date.now() / 1000) + 1000;
export const A = "owner-a";
export const B = "owner-b";
export const C = "owner-c";

let unique = 0;
/** A fresh claim key of the form that attestors make; stores that outlive a test never see one twice. */
export function freshKey(): string {
  const random = crypto.getRandomValues(new Uint32Array(7));
  return [...random, unique++].map((n) => n.toString(16).padStart(8, "0")).join("");
}

/** The store under test, there once the suite runs, and the question that most tests ask. */
export interface Subject {
  readonly store: () => ClaimStore;
  readonly ask: (
    key: string,
    owner: string,
    overrides?: Partial<ClaimRequest>,
  ) => Promise<ClaimAnswer>;
  readonly outcome: (
    key: string,
    owner: string,
    overrides?: Partial<ClaimRequest>,
  ) => Promise<ClaimOutcome>;
}

export function subject(store: () => ClaimStore): Subject {
  const ask = (key: string, owner: string, overrides: Partial<ClaimRequest> = {}) =>
    store().claim({
      key,
      owner,
      generation: 0,
      now: NOW,
      ttlSeconds: 100,
      maxOwners: 1,
      create: true,
      requestId: `request-${unique++}`,
      ...overrides,
    });
  const outcome = async (...question: Parameters<typeof ask>) => (await ask(...question)).outcome;
  return { store, ask, outcome };
}
