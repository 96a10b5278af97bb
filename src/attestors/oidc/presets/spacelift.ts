import type { OidcPreset } from "../preset.ts";

/**
 * Spacelift: an issuer for each account. Proposed runs execute the code of pull requests, and so do the test cases of modules:
 * their tokens are refused unless the entry says otherwise.
 */
export const spacelift: OidcPreset = {
  name: "spacelift",
  issuerForm: {
    pattern: /^https:\/\/(?!(?:app\.|www\.)?spacelift\.io$)[A-Za-z0-9.-]+$/,
    text: "https://<account>.app.spacelift.io, or the URL of your own installation",
  },
  algorithms: ["RS256"],
  defaultBinding: "audience",
  demands: [
    {
      path: ["runType"],
      reason: "run_not_allowed",
      oneOf: ["TRACKED", "TASK", "DESTROY"],
      optIn: "allow_run_types",
    },
    {
      path: ["callerType"],
      reason: "run_not_allowed",
      oneOf: ["stack"],
      optIn: "allow_caller_types",
    },
  ],
  claims: {
    spaceId: { kind: "string", required: true },
    callerType: { kind: "string", required: true },
    callerId: { kind: "string", required: true },
    runType: { kind: "string", required: true },
    runId: { kind: "string", required: true },
    scope: { kind: "string" },
  },
  joinable: ["spaceId", "callerId", "runId"],
};
