import type { Reason } from "./reasons.ts";

/**
 * Why something was refused. `reason` is one of a closed list; `detail` is for the operator's eyes
 * (audit log, command line), never for the requester, and never holds evidence, tokens or keys.
 */
export interface Failure {
  readonly reason: Reason;
  readonly detail?: string;
}

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}
export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

/** An expected denial is a value; only a broken world (network, disk, key service) throws. */
export type Result<T, E = Failure> = Ok<T> | Err<E>;

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function fail(reason: Reason, detail?: string): Err<Failure> {
  return { ok: false, error: detail === undefined ? { reason } : { reason, detail } };
}

/** What may answer at once or later: `node:crypto` answers at once, WebCrypto later. */
export type Awaitable<T> = T | Promise<T>;
