/** Reading DER: the tree, and what its elements mean. */
export { readDer, TAG, type DerNode, type DerOptions } from "./tree.ts";
export * from "./values.ts";
