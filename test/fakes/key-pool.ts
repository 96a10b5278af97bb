/** As many as one test has of a kind at most, with room to spare: keys given out so far apart are the same one. */
const SIZE = 12;

interface Pool {
  readonly keys: CryptoKeyPair[];
  given: number;
}

interface RsaAlgorithm {
  readonly name: string;
  readonly hash: string;
  readonly modulusLength: number;
  readonly publicExponent: Uint8Array<ArrayBuffer>;
}

const pools = new Map<string, Pool>();

/**
 * RSA keys take a tenth of a second each to make, which is most of what a test costs that needs nothing else: a process
 * makes a few of each kind and gives them out in turn. What is kept is keys, not promises: a Worker's request may not
 * wait for another's.
 * @param whose keys for different ones are never the same
 */
export async function pooledKeyPair(algorithm: RsaAlgorithm, whose = ""): Promise<CryptoKeyPair> {
  const kind = `${algorithm.name} ${algorithm.modulusLength} ${whose}`;
  let pool = pools.get(kind);
  if (pool === undefined) pools.set(kind, (pool = { keys: [], given: 0 }));
  const at = pool.given++ % SIZE;
  return (pool.keys[at] ??= await generate(algorithm));
}

async function generate(algorithm: RsaAlgorithm): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair");
  return pair;
}
