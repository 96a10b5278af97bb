import { once } from "../once.ts";

/** Arithmetic on RSA moduli: the ways in which a factor can be found at once. */

const SMALL_PRIME_LIMIT = 1 << 16;

/** A product of small primes, and those primes: one division by the product serves for all of them. */
interface PrimeBlock {
  readonly product: bigint;
  /** Products below 2^48 with their primes, for arithmetic on plain numbers. */
  readonly groups: readonly { readonly product: bigint; readonly primes: readonly number[] }[];
}

const GROUP = 3;
const GROUPS_IN_BLOCK = 24;

/** Keys are seldom RSA. */
const primeBlocks = once(makePrimeBlocks);

function makePrimeBlocks(): readonly PrimeBlock[] {
  const groups = chunks(primesBelow(SMALL_PRIME_LIMIT), GROUP).map((primes) => ({
    product: BigInt(primes.reduce((product, prime) => product * prime, 1)),
    primes,
  }));
  return chunks(groups, GROUPS_IN_BLOCK).map((block) => ({
    product: block.reduce((product, group) => product * group.product, 1n),
    groups: block,
  }));
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

/** Sieve of Eratosthenes. */
function primesBelow(limit: number): readonly number[] {
  const composite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++) {
    if (composite[candidate] === 1) continue;
    primes.push(candidate);
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate)
      composite[multiple] = 1;
  }
  return primes;
}

/** A prime factor below 2^16. */
export function hasSmallFactor(n: bigint): boolean {
  for (const block of primeBlocks()) {
    const residue = n % block.product;
    for (const { product, primes } of block.groups) {
      const small = Number(residue % product);
      for (const prime of primes) if (small % prime === 0) return true;
    }
  }
  return false;
}

/**
 * Return of Coppersmith's Attack (CVE-2017-15361): Infineon's library made primes that are powers of 65537 modulo
 * each of these, so the modulus is one too; a random one is so by chance with odds of about 2^-28.
 */
const ROCA_PRIMES = primesBelow(168).slice(1);
const ROCA_PRODUCT = ROCA_PRIMES.reduce((product, prime) => product * BigInt(prime), 1n);
const ROCA_POWERS = ROCA_PRIMES.map((prime) => {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  return powers;
});

export function hasRocaFingerprint(n: bigint): boolean {
  const residue = n % ROCA_PRODUCT;
  return ROCA_PRIMES.every(
    (prime, i) => ROCA_POWERS[i]?.has(Number(residue % BigInt(prime))) === true,
  );
}

const FERMAT_ROUNDS = 100;

/** Fermat's method finds both primes at once where they share their upper half (CVE-2022-26320). */
export function hasClosePrimes(n: bigint): boolean {
  let root = squareRoot(n);
  if (root * root < n) root++;
  let rest = root * root - n;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isSquare(rest)) return true;
    rest += 2n * root + 1n;
    root++;
  }
  return false;
}

/** The greatest integer whose square is not above `n`: Newton's method from above. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt((n.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Few residues of these are squares; their product takes one division of the big number for all of them. */
const FILTERS = [63, 65, 11, 17].map((modulus) => ({
  modulus,
  squares: residuesOfSquares(modulus),
}));
const PRODUCT = 63n * 65n * 11n * 17n;
const SQUARES_MOD_64 = residuesOfSquares(64);

function residuesOfSquares(modulus: number): ReadonlySet<number> {
  const residues = new Set<number>();
  for (let i = 0; i < modulus; i++) residues.add((i * i) % modulus);
  return residues;
}

function isSquare(n: bigint): boolean {
  // All but one number in a hundred fall here, so that the root is seldom needed.
  if (!SQUARES_MOD_64.has(Number(n & 63n))) return false;
  const rest = Number(n % PRODUCT);
  if (!FILTERS.every(({ modulus, squares }) => squares.has(rest % modulus))) return false;
  const root = squareRoot(n);
  return root * root === n;
}
