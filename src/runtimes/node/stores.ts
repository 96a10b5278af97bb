import type { StoreOpeners } from "../../issuer/open-store.ts";
import type { FileConfig, RedisConfig } from "../../stores/definitions.ts";
import { openAzureTable } from "../../stores/azure-table.ts";
import { openDynamodb } from "../../stores/dynamodb.ts";
import { openFirestore } from "../../stores/firestore.ts";
import { memoryStore } from "../../stores/memory.ts";
import { openFile } from "./file-store.ts";
import { withLibraries } from "./libraries.ts";

/** The claim stores of the runtimes on Node. @param folder the configuration's */
export function nodeStores(folder: string): StoreOpeners {
  return {
    file: (config: FileConfig) => openFile(config, folder),
    memory: async () => memoryStore(),
    dynamodb: withLibraries(openDynamodb),
    azure_table: withLibraries(openAzureTable),
    firestore: withLibraries(openFirestore),
    // A client that few deployments need: beside the bundle, loaded where it is configured.
    redis: async (config: RedisConfig, deps) =>
      (await import("../../stores/node/redis.ts")).openRedis(config, deps),
  };
}
