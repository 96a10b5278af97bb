/** The Workers bundle: within its budget, and free of what does not belong there. */
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 60 * 1024;
const FORBIDDEN = [
  "node:crypto",
  "node:fs",
  "tsyringe",
  "DOMParser",
  "@aws-sdk",
  "@azure/",
  "google-auth-library",
  "YAMLException",
  "YAMLParseError",
];

const folder = new URL("../dist/worker/", import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith(".js"));
const code = Buffer.concat(await Promise.all(files.map((name) => readFile(new URL(name, folder)))));
const size = gzipSync(code).length;
const text = code.toString("latin1");
const found = FORBIDDEN.filter((word) => text.includes(word));
console.log(`Workers bundle: ${(size / 1024).toFixed(1)} KiB gzip of ${BUDGET_BYTES / 1024}`);
if (found.length > 0) console.error(`not for Workers: ${found.join(", ")}`);
if (size > BUDGET_BYTES || found.length > 0 || files.length === 0) process.exitCode = 1;
