/** The evidence types of every runtime; a bundle holds what its entry lists. */
export { portableAttestors as attestors } from "../attestors/registry.ts";
