import type { OidcPreset } from "../preset.ts";

const AUDIENCE = "ari:cloud:bitbucket::workspace/";

/** Bitbucket Pipelines: an issuer for each workspace. Its UUIDs keep their braces, as in the token. */
export const bitbucket: OidcPreset = {
  name: "bitbucket",
  issuerForm: {
    pattern:
      /^https:\/\/api\.bitbucket\.org\/2\.0\/workspaces\/[A-Za-z0-9_.-]+\/pipelines-config\/identity\/oidc$/,
    text: "https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc",
  },
  algorithms: ["RS256"],
  defaultBinding: "audience",
  claims: {
    workspaceUuid: { kind: "string", required: true },
    repositoryUuid: { kind: "string", required: true },
    pipelineUuid: { kind: "string" },
    stepUuid: { kind: "string", required: true },
    branchName: { kind: "string" },
    deploymentEnvironmentUuid: { kind: "string" },
  },
  joinable: ["workspaceUuid", "repositoryUuid", "pipelineUuid", "stepUuid"],
  check({ audience }) {
    const id = audience?.startsWith(AUDIENCE) ? audience.slice(AUDIENCE.length) : undefined;
    return id === undefined || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
      ? []
      : [
          [
            "audience",
            `expected ${AUDIENCE}<uuid> without braces, as the repository settings show it`,
          ],
        ];
  },
};
