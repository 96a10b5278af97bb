import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Check } from "./check.ts";

/** Whether the audit log can be written: without it nothing is signed. Nothing is written. */
export const auditSink: Check = {
  name: "audit log",
  async run({ config, folder }) {
    const sink = config?.audit?.sink ?? "stdout";
    if (config === undefined) return [];
    if (sink === "stdout")
      return [{ severity: "good", subject: "audit", message: "goes to standard output" }];
    const path = resolve(folder, sink.slice("file:".length));
    const found = await stat(path).catch(() => undefined);
    const target = found === undefined ? dirname(path) : path;
    try {
      await access(target, constants.W_OK);
      if (found?.isDirectory() === true) throw new Error("it is a folder");
      return [{ severity: "good", subject: path, message: "can be written" }];
    } catch (error) {
      const code =
        error instanceof Error && "code" in error ? String(error.code) : "it is a folder";
      return [
        {
          severity: "error",
          subject: path,
          message: `cannot be written (${code}): nothing would be signed`,
          fix: `make ${dirname(path)} writable for whoever runs svidmint`,
        },
      ];
    }
  },
};
