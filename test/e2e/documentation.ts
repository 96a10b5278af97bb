import { readFile } from "node:fs/promises";

/** Blocks of code of a page, as a reader would copy them. */
export interface Page {
  /** The first block in this language that contains `part`. */
  block(language: string, part: string): string;
}

export async function page(name: string): Promise<Page> {
  const text = await readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  return {
    block(language, part) {
      const found = blocks.find((block) => block[1] === language && block[2]?.includes(part));
      if (found?.[2] === undefined) throw new Error(`docs/${name} has no ${language} with ${part}`);
      return found[2];
    },
  };
}
