import { memoryStore } from "../../../src/stores/memory.ts";
import { storeConformance } from "../../conformance/store.ts";

storeConformance("memory", async () => memoryStore());
