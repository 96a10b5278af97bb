import { readFileSync } from "node:fs";

/** What a reader of README.md would type, so that what it promises is what is tried. */
export interface ReadmeExample {
  /** The line that starts an issuer. */
  readonly serve: string;
  /** The lines that get an SVID from it. */
  readonly request: string;
}

export function readmeExample(): ReadmeExample {
  const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
  const serve = blocks.find((block) => block.includes("svidmint serve"));
  const request = blocks.find((block) => block.includes("/v1/svids"));
  if (serve === undefined || request === undefined) throw new Error("README.md has no example");
  return { serve, request };
}
