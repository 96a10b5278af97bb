import type { OidcPreset } from "./preset.ts";
import { azureDevops } from "./presets/azure-devops.ts";
import { bitbucket } from "./presets/bitbucket.ts";
import { buildkite } from "./presets/buildkite.ts";
import { circleci } from "./presets/circleci.ts";
import { fly } from "./presets/fly.ts";
import { githubActions } from "./presets/github-actions.ts";
import { gitlab } from "./presets/gitlab.ts";
import { aks, eks, gke, kubernetes } from "./presets/kubernetes.ts";
import { spacelift } from "./presets/spacelift.ts";
import { terraformCloud } from "./presets/terraform-cloud.ts";
import { vercel } from "./presets/vercel.ts";

/** Every issuer that svidmint knows the traps of. */
export const PRESETS: readonly OidcPreset[] = [
  githubActions,
  gitlab,
  buildkite,
  circleci,
  terraformCloud,
  spacelift,
  bitbucket,
  azureDevops,
  fly,
  vercel,
  kubernetes,
  eks,
  gke,
  aks,
];
