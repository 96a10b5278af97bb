import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  visit,
  type Alias,
  type Document,
  type YAMLMap,
} from "yaml";

/** As the parser tells its own errors. */
interface Liberty {
  readonly message: string;
  /** Offsets in the text. */
  readonly pos: readonly [start: number, end: number];
}

/** Nested deeper, no configuration is; the parser would recurse. */
export const MAX_DEPTH = 64;

/** What YAML permits and a configuration does not: each would make a value mean something else than it says. */
export function liberties(document: Document.Parsed): readonly Liberty[] {
  const found: Liberty[] = [];
  const { yaml, tags } = document.directives;
  if (yaml.explicit === true && yaml.version !== "1.2") {
    found.push({
      message:
        "only YAML 1.2 is read: in 1.1 words like no and numbers like 0777 mean something else",
      pos: [0, 0],
    });
  }
  if (Object.keys(tags).some((handle) => handle !== "!!"))
    found.push({ message: "tags are not read", pos: [0, 0] });
  visit(document, {
    Node(_key, node, path) {
      const start = startOf(node) ?? 0;
      if (path.length > 2 * MAX_DEPTH) {
        found.push({ message: "is nested too deeply", pos: [start, start] });
        return visit.BREAK;
      }
      if (isAlias(node) && isOpen(node, path, document))
        found.push({ message: "an alias stands in what it names", pos: [start, start] });
      if (!isAlias(node) && node.tag !== undefined)
        found.push({ message: "tags are not read", pos: [start, start] });
      if (isMap(node)) for (const again of keysAgain(node)) found.push(again);
      return undefined;
    },
  });
  return found;
}

/** Each key of a map that stands in it before: which of its values holds would be a matter of the parser. */
function keysAgain(map: YAMLMap): readonly Liberty[] {
  const known = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    const name = isScalar(key) ? key.value : key;
    if (!known.has(name)) {
      known.add(name);
      return [];
    }
    const start = startOf(key) ?? 0;
    return [
      {
        message: `the key ${JSON.stringify(name)} stands twice in its map`,
        pos: [start, start] as const,
      },
    ];
  });
}

/** Whether the alias names what holds it, so that the document would have no end. */
function isOpen(alias: Alias, path: readonly unknown[], document: Document): boolean {
  const namesakes = path.filter((one) => isCollection(one) && one.anchor === alias.source);
  return namesakes.length > 0 && namesakes.includes(alias.resolve(document));
}

/** Where a node begins in the text. */
export function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
