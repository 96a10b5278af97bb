import type { ClaimAnswer, ClaimRecord, ClaimRequest } from "./claim-store.ts";

/**
 * First use as pure functions: what stands in the store and what is asked, to what shall stand there.
 * Every store runs these inside its own atomic step (a lock, a conditional write), so that they all decide alike.
 */
export interface ClaimEntry {
  readonly generation: number;
  /** No generation is known yet: an operator spoke before any document was seen. */
  readonly unseen?: true;
  readonly banned: boolean;
  /** Unix seconds; the entry is as good as absent from then on. */
  readonly expiresAt: number;
  readonly owners: readonly ClaimOwner[];
}

interface ClaimOwner {
  readonly owner: string;
  readonly since: number;
  readonly renewedAt: number;
  /** The request that made it an owner, until another one was answered `same`. */
  readonly createdBy?: string;
}

/** `next` is what shall stand there now, undefined for nothing; absent where nothing changes. */
export interface Step<T> {
  readonly answer: T;
  readonly change?: { readonly next: ClaimEntry | undefined };
}

/** Far beyond any clock, and exact in a double, in JSON and in every store's number type: what stands for no end. */
const NEVER = Number.MAX_SAFE_INTEGER;

export function decideClaim(
  stored: ClaimEntry | undefined,
  request: ClaimRequest,
): Step<ClaimAnswer> {
  const { now, generation } = request;
  const entry = alive(stored, now);
  if (entry === undefined) {
    return request.create ? create(request, [], now) : { answer: { outcome: "taken", owners: [] } };
  }
  if (entry.banned) return { answer: { outcome: "banned" } };
  if (generation < entry.generation) return { answer: { outcome: "stale" } };
  const known = entry.owners.find(({ owner }) => owner === request.owner);
  if (known !== undefined && hasPlace(entry.owners, known, request))
    return renew(entry, known, request);
  const later = generation > entry.generation && entry.unseen !== true;
  const left = later ? [] : withRoom(entry.owners, request);
  if (!request.create || left === undefined) {
    const others = entry.owners.filter((o) => o !== known);
    return { answer: { outcome: "taken", owners: others.map(({ owner }) => owner) } };
  }
  return create(request, left, entry.expiresAt);
}

/** An entry past its end is as good as absent, whether it was cleaned up already or not. */
function alive(stored: ClaimEntry | undefined, now: number): ClaimEntry | undefined {
  return stored !== undefined && now < stored.expiresAt ? stored : undefined;
}

function create(
  request: ClaimRequest,
  others: readonly ClaimOwner[],
  expiresAt: number,
): Step<ClaimAnswer> {
  const { owner, now, generation, requestId } = request;
  const made = { owner, since: now, renewedAt: now, createdBy: requestId };
  return {
    answer: { outcome: "created" },
    change: {
      next: {
        generation,
        banned: false,
        // One owner's short claim never ends another's long one.
        expiresAt: Math.max(others.length === 0 ? 0 : expiresAt, now + request.ttlSeconds),
        owners: [...others, made],
      },
    },
  };
}

function renew(entry: ClaimEntry, known: ClaimOwner, request: ClaimRequest): Step<ClaimAnswer> {
  // Our own question, asked again after a lost answer: it is still the one that made the claim.
  if (known.createdBy === request.requestId) return { answer: { outcome: "created" } };
  const { owner, since } = known;
  const renewed = { owner, since, renewedAt: Math.max(known.renewedAt, request.now) };
  // In a later life of the instance only those own it who were seen in that life.
  const others = request.generation > entry.generation ? [] : entry.owners;
  const next = {
    generation: request.generation,
    banned: false,
    expiresAt: Math.max(entry.expiresAt, request.now + request.ttlSeconds),
    owners: others.length === 0 ? [renewed] : others.map((o) => (o === known ? renewed : o)),
  };
  return { answer: { outcome: "same" }, change: { next } };
}

/**
 * Of more owners than a rule lets in, the eldest alone are its own: the others came by another rule that lets in more.
 * The longer an owner has been one, the further in front it stands.
 */
function hasPlace(
  owners: readonly ClaimOwner[],
  known: ClaimOwner,
  request: ClaimRequest,
): boolean {
  const elders = owners.slice(0, owners.indexOf(known)).filter((o) => !isIdle(o, request));
  return elders.length < request.maxOwners;
}

/**
 * The owners that stay when one more comes; undefined where there is no place for it. Idle ones go only when their
 * place is needed, the longest idle first: until then they are recognised when they come back.
 */
function withRoom(
  owners: readonly ClaimOwner[],
  request: ClaimRequest,
): readonly ClaimOwner[] | undefined {
  const surplus = owners.length + 1 - request.maxOwners;
  if (surplus <= 0) return owners;
  const idle = owners
    .filter((o) => isIdle(o, request))
    .toSorted((a, b) => a.renewedAt - b.renewedAt)
    .slice(0, surplus);
  return idle.length < surplus ? undefined : owners.filter((o) => !idle.includes(o));
}

function isIdle({ renewedAt }: ClaimOwner, request: ClaimRequest): boolean {
  const { maxOwners, idleSeconds = Infinity, now } = request;
  return maxOwners > 1 && now - renewedAt >= idleSeconds;
}

/**
 * An operator's word. Of what stood there only the generation stays: it keeps older documents out. Where there is
 * none, the owner's own first claim tells it, and until then no other document is later.
 */
export function assigned(
  stored: ClaimEntry | undefined,
  owner: string,
  now: number,
  ttlSeconds: number,
): ClaimEntry {
  return {
    ...generationOf(alive(stored, now)),
    banned: false,
    expiresAt: now + ttlSeconds,
    owners: [{ owner, since: now, renewedAt: now }],
  };
}

function generationOf(entry: ClaimEntry | undefined): Pick<ClaimEntry, "generation" | "unseen"> {
  return entry === undefined || entry.unseen === true
    ? { generation: 0, unseen: true }
    : { generation: entry.generation };
}

/** Outlives everything: a document that never ends must not outwait a ban. */
export function banned(stored: ClaimEntry | undefined, now: number): ClaimEntry {
  return { ...generationOf(alive(stored, now)), banned: true, expiresAt: NEVER, owners: [] };
}

/**
 * Without options: all of it, a ban included. An entry whose last owner goes is gone.
 * @returns whether anything was taken back
 */
export function decideRelease(
  stored: ClaimEntry | undefined,
  options: { readonly owner?: string; readonly unusedBy?: string } = {},
): Step<boolean> {
  const { owner, unusedBy } = options;
  if (stored === undefined) return { answer: false };
  if (owner === undefined && unusedBy === undefined)
    return { answer: true, change: { next: undefined } };
  const owners = stored.owners.filter(
    (o) =>
      (owner !== undefined && o.owner !== owner) ||
      (unusedBy !== undefined && o.createdBy !== unusedBy),
  );
  if (owners.length === stored.owners.length) return { answer: false };
  return {
    answer: true,
    change: { next: owners.length === 0 ? undefined : { ...stored, owners } },
  };
}

/** What operators see: without the traces of requests. */
export function recordOf({
  generation,
  banned: isBanned,
  expiresAt,
  owners,
}: ClaimEntry): ClaimRecord {
  return {
    generation,
    banned: isBanned,
    expiresAt: expiresAt === NEVER ? Infinity : expiresAt,
    owners: owners.map(({ owner, since, renewedAt }) => ({ owner, since, renewedAt })),
  };
}
