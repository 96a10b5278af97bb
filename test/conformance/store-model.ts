import type { ClaimOutcome, ClaimRequest } from "../../src/stores/claim-store.ts";

/** First use once more, written apart from the stores and as plainly as can be, to hold them to. */
interface ModelClaim {
  /** "unknown" after an assignment, until the owner's own claim. */
  gen: number | "unknown";
  banned: boolean;
  until: number;
  owners: { name: string; renewed: number; by?: string }[];
}
export interface Model {
  readonly claims: Record<string, ModelClaim>;
  readonly seen: Record<string, number>;
}

export type Operation =
  | ({ readonly op: "claim" } & ClaimRequest)
  | { readonly op: "once"; readonly key: string; readonly now: number; readonly ttlSeconds: number }
  | {
      readonly op: "assign";
      readonly key: string;
      readonly owner: string;
      readonly now: number;
      readonly ttlSeconds: number;
    }
  | {
      readonly op: "release";
      readonly key: string;
      readonly options: { readonly owner?: string; readonly unusedBy?: string };
    }
  | { readonly op: "ban"; readonly key: string; readonly now: number };

export const EMPTY: Model = { claims: {}, seen: {} };

/** @returns the model after the operation, and the store's answer as text */
export function step(before: Model, operation: Operation): { after: Model; answer: string } {
  const after = structuredClone(before);
  return { after, answer: run(after, operation) };
}

function run(model: Model, operation: Operation): string {
  const { claims } = model;
  const { key } = operation;
  switch (operation.op) {
    case "claim":
      return claim(claims, operation);
    case "once": {
      if ((model.seen[key] ?? -1) > operation.now) return "seen";
      model.seen[key] = operation.now + operation.ttlSeconds;
      return "new";
    }
    case "assign": {
      const there = claims[key];
      const live = there !== undefined && there.until > operation.now;
      claims[key] = {
        gen: live ? there.gen : "unknown",
        banned: false,
        until: operation.now + operation.ttlSeconds,
        owners: [{ name: operation.owner, renewed: operation.now }],
      };
      return "assigned";
    }
    case "ban": {
      const there = claims[key];
      const live = there !== undefined && there.until > operation.now;
      claims[key] = {
        gen: live ? there.gen : "unknown",
        banned: true,
        until: Infinity,
        owners: [],
      };
      return "banned";
    }
    case "release":
      break;
  }
  return release(claims, operation);
}

function release(
  claims: Record<string, ModelClaim>,
  { key, options: { owner, unusedBy } }: Operation & { op: "release" },
): string {
  const there = claims[key];
  if (there === undefined) return "false";
  if (owner === undefined && unusedBy === undefined) {
    delete claims[key];
    return "true";
  }
  // Two owners by one request are no history that requests make; what is said of a request is said of both all the same.
  const isMeant = (o: ModelClaim["owners"][number]): boolean =>
    (owner === undefined || owner === o.name) && (unusedBy === undefined || unusedBy === o.by);
  const gone = there.owners.filter(isMeant);
  there.owners = there.owners.filter((o) => !gone.includes(o));
  if (there.owners.length === 0 && gone.length > 0) delete claims[key];
  return String(gone.length > 0);
}

function claim(claims: Record<string, ModelClaim>, request: ClaimRequest): ClaimOutcome {
  const { key, owner, generation, now, ttlSeconds, maxOwners, idleSeconds, create } = request;
  const mine = { name: owner, renewed: now, by: request.requestId };
  const until = now + ttlSeconds;
  const there = claims[key];
  if (there === undefined || there.until <= now) {
    if (!create) return "taken";
    claims[key] = { gen: generation, banned: false, until, owners: [mine] };
    return "created";
  }
  if (there.banned) return "banned";
  if (there.gen !== "unknown" && generation < there.gen) return "stale";
  const isIdle = (o: { renewed: number }): boolean =>
    maxOwners > 1 && idleSeconds !== undefined && now - o.renewed >= idleSeconds;
  const place = there.owners.findIndex((o) => o.name === owner);
  const before = there.owners.filter((o, at) => at < place && !isIdle(o)).length;
  const me = before < maxOwners ? there.owners[place] : undefined;
  if (me !== undefined) {
    if (me.by === request.requestId) return "created";
    delete me.by;
    me.renewed = Math.max(me.renewed, now);
    if (there.gen !== "unknown" && generation > there.gen) there.owners = [me];
    there.gen = generation;
    there.until = Math.max(there.until, until);
    return "same";
  }
  if (!create) return "taken";
  if (there.gen !== "unknown" && generation > there.gen) {
    claims[key] = { gen: generation, banned: false, until, owners: [mine] };
    return "created";
  }
  const surplus = there.owners.length + 1 - maxOwners;
  if (surplus > 0) {
    if (maxOwners === 1 || idleSeconds === undefined) return "taken";
    const idle = there.owners.filter((o) => now - o.renewed >= idleSeconds);
    if (idle.length < surplus) return "taken";
    const gone = idle.toSorted((a, b) => a.renewed - b.renewed).slice(0, surplus);
    there.owners = there.owners.filter((o) => !gone.includes(o));
  }
  there.owners.push(mine);
  there.until = Math.max(there.until, until);
  there.gen = generation;
  return "created";
}
