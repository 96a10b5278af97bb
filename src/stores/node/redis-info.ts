const NO_REPLICATION_ID = /^0*$/;

/** What a server says of itself by `INFO`, as far as it bears on first use. */
export interface RedisVerdict {
  /** Why it cannot keep first use honest. */
  readonly unfit?: string;
  /** What a restart may cost. */
  readonly doubt?: string;
}

/**
 * Redis copies writes to replicas after it has answered: a replica that takes over has not seen the last claims, and
 * their documents are free for a second first user.
 * @param info the answer to `INFO`, all of its default sections
 */
export function judgeInfo(info: string): RedisVerdict {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const field = (name: string): string => fields.get(name) ?? "";
  if (field("role") !== "master") return { unfit: "is a replica" };
  if (field("connected_slaves") !== "0") return { unfit: "has replicas" };
  if (!NO_REPLICATION_ID.test(field("master_replid2")))
    return { unfit: "was a replica before it took over" };
  const mode = field("redis_mode");
  if (mode !== "" && mode !== "standalone") return { unfit: `runs in the mode ${printed(mode)}` };
  if (field("maxmemory") !== "0" && field("maxmemory_policy") !== "noeviction")
    return { unfit: "forgets keys when its memory is full: set maxmemory-policy noeviction" };
  if (field("aof_enabled") !== "1")
    return {
      doubt:
        "writes no append-only file: claims that it forgets in a restart are free for a second first user; set appendonly yes and appendfsync always",
    };
  return {};
}

function printed(text: string): string {
  return text.replace(/[^\w-]/g, "").slice(0, 20);
}
