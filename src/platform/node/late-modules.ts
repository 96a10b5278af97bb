/**
 * Modules of Node's that few deployments need, or none before its end, loaded where they are: each costs a start a millisecond or two, which on
 * Lambda is paid again and again.
 */
export const late = {
  dns: () => process.getBuiltinModule("node:dns"),
  https: () => process.getBuiltinModule("node:https"),
  net: () => process.getBuiltinModule("node:net"),
  tls: () => process.getBuiltinModule("node:tls"),
};
