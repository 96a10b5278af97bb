import type { Attestor, AttestorDefinition, Bundles } from "../../src/attestors/attestor.ts";
import { boundAudience } from "../../src/attestors/binding.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { JKT } from "../../test/conformance/attestor.ts";
import type { TokenKey } from "../../test/fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW } from "../../test/unit/attestors/support.ts";

/** An attestor on the platform of Node, and good evidence for it. */
export interface Subject {
  readonly type: string;
  /** Which of the forms of that evidence, where there are several. */
  readonly form?: string;
  readonly attestor: Attestor;
  readonly pieces: readonly Piece[];
  /** The key whose possession counts as proved; absent where the evidence is about none. */
  readonly jkt?: string;
}

export interface Piece {
  readonly evidence: object;
  /** Unix seconds. */
  readonly now: number;
}

/** More than any attestor remembers: each piece is new to it whenever its turn comes. */
const DISTINCT = 300;

/** S of the key that counts as proved. */
export const BOUND = boundAudience(ISSUER, JKT);

/** Built from its configuration as an issuer would, to verify with `node:crypto`. */
export function onNode<C>(
  definition: AttestorDefinition<C>,
  settings: unknown,
  { fetch, ...more }: { readonly fetch?: Platform["fetch"]; readonly bundles?: Bundles } = {},
): Promise<Attestor> {
  const platform = nodePlatform({ now: () => NOW, ...(fetch !== undefined && { fetch }) });
  return buildClean(definition, settings, { ...more, platform });
}

/** @param count fewer where a piece takes long to verify and nothing of it is remembered */
export async function piecesOf(
  make: (index: number) => Promise<object>,
  { count = DISTINCT, now = (): number => NOW }: PiecesOptions = {},
): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (let n = 0; n < count; n++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other keeps memory flat
    pieces.push({ evidence: await make(n), now: now(n) });
  }
  return pieces;
}

interface PiecesOptions {
  readonly count?: number;
  readonly now?: (index: number) => number;
}

/** Tokens of one issuer that differ in `jti`. @param header over the usual one */
export async function tokenSubject<C>(
  definition: AttestorDefinition<C>,
  settings: unknown,
  { key, claims, form, header = {} }: TokensOptions,
): Promise<Subject> {
  const { type } = definition;
  return {
    type,
    ...(form !== undefined && { form }),
    attestor: await onNode(definition, settings),
    pieces: await piecesOf(async (n) => ({
      type,
      token: await key.sign({ ...claims, jti: `piece-${n}` }, header),
    })),
    jkt: JKT,
  };
}

interface TokensOptions {
  readonly key: TokenKey;
  readonly claims: object;
  readonly form?: string;
  readonly header?: object;
}
