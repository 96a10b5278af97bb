import { openFileStore } from "../../../src/stores/node/file.ts";

/** Claims key after key, and prints each one once it was answered. Ends when it is killed. */
const [directory = "", prefix = ""] = process.argv.slice(2);
const store = await openFileStore({ directory });
process.stdout.write("open\n");
const now = Math.floor(Date.now() / 1000);

async function claimOn(worker: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `${prefix}-${worker}-${i}`;
    // oxlint-disable-next-line no-await-in-loop -- one after another
    const { outcome } = await store.claim({
      key,
      owner: "child",
      generation: 0,
      now,
      ttlSeconds: 3600,
      maxOwners: 1,
      create: true,
      requestId: key,
    });
    process.stdout.write(`${key} ${outcome}\n`);
  }
}
await Promise.all([0, 1, 2, 3].map(claimOn));
