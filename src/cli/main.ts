import { dispatch } from "./dispatch.ts";

// A reader that has seen enough (`svidmint inspect … | head -1`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
// Set, not exited with: what is still in a pipe is written first.
process.exitCode = await dispatch(process.argv.slice(2));
