import { requireProvider, CKF, type Cryptoki } from "./cryptoki.ts";
import type { Answer, Asked } from "./messages.ts";
import { refusalOf, TokenRefusal } from "./refusal.ts";
import { Token } from "./token.ts";

/**
 * The process that has a module: `node pkcs11-process MODULE PROVIDER`, asked by its parent over IPC. A process, since
 * a call that hangs in native code can be ended with its process and not with its thread, and a module that
 * crashes takes no issuer with it.
 */
const [, , modulePath = "", provider = ""] = process.argv;
/** Until what is under way has ended. */
const GRACE_MS = 1000;

let cryptoki: Cryptoki | undefined;
const tokens = new Map<string, Token | TokenRefusal>();
const running = new Set<Promise<void>>();

process.on("message", (asked: Asked) => {
  const run = answer(asked).finally(() => running.delete(run));
  running.add(run);
});
process.once("disconnect", () => void stop());
// A terminal's Ctrl-C reaches this process too: it ends when its parent has finished.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

async function answer(asked: Asked): Promise<void> {
  const { id, timeoutMs } = asked;
  const end = performance.now() + timeoutMs;
  try {
    const token = tokenOf(asked);
    const output = await token.perform(asked, () => performance.now() > end);
    send({ id, output: new Uint8Array(output) });
  } catch (error) {
    send({ id, fault: refusalOf(error).fault });
  }
}

/** One login a token and PIN; a refused one is remembered. */
function tokenOf({ token, pin }: Asked): Token {
  const name = JSON.stringify([token, pin]);
  let known = tokens.get(name);
  if (known === undefined) {
    try {
      known = new Token((cryptoki ??= start()), { token, pin });
    } catch (error) {
      known = refusalOf(error);
    }
    if (known instanceof Token || known.fault.ends === "pin") tokens.set(name, known);
  }
  if (known instanceof TokenRefusal) throw known;
  return known;
}

function start(): Cryptoki {
  let module: Cryptoki;
  try {
    module = new (requireProvider(provider))();
    module.load(modulePath);
  } catch {
    throw new TokenRefusal("denied", "its module cannot be loaded", "process");
  }
  module.C_Initialize({ flags: CKF.osLockingOk });
  return module;
}

function send(message: Answer): void {
  if (process.connected) process.send?.(message);
}

async function stop(): Promise<void> {
  setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MS).unref();
  await Promise.allSettled(running);
  try {
    cryptoki?.C_Finalize();
  } catch {
    // It is the module's end either way.
  }
  process.exit(0);
}
