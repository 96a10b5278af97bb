/** A process of its own for `process.test.ts`: waits for signals, and stops as it is told: `resolves`, `rejects`, `hangs`. */
import { onStopSignal } from "../../../src/runtimes/node/lifecycle.ts";

const [mode] = process.argv.slice(2);
const keepAlive = setInterval(() => {}, 1000);

onStopSignal(async () => {
  process.stderr.write("stopping\n");
  if (mode === "rejects") throw new Error("could not stop");
  if (mode === "hangs") await new Promise(() => {});
  clearInterval(keepAlive);
});
process.stderr.write("ready\n");
