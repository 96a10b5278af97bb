import { dispatch } from "./dispatch.ts";

// A reader that has seen enough (`svidmint inspect … | head -1`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
// Set, not exited with: what is still in a pipe is written first.
process.exitCode = isOldNode(process.versions.node)
  ? refuseNode()
  : await dispatch(process.argv.slice(2));

/** Below what package.json asks for, things would fail one by one, and in words that help nobody. */
function isOldNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 22 || (major === 22 && minor < 12);
}

function refuseNode(): 2 {
  process.stderr.write(
    `svidmint: Node 22.12 or later is needed; this is ${process.versions.node}\n`,
  );
  return 2;
}
