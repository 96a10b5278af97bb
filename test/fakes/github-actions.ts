import { keySet, tokenKey, type TokenKey } from "./token-issuer.ts";

/** A simulated GitHub: the key set of its Actions, and the token endpoints of jobs. */
export interface SimulatedGitHub {
  readonly issuer: string;
  readonly key: TokenKey;
  /** https://token.actions.githubusercontent.com, at any host. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** What a job with `id-token: write` finds at `ACTIONS_ID_TOKEN_REQUEST_URL`, for its token alone. */
  job(job: SimulatedJob, requestToken: string): (request: Request) => Promise<Response>;
}

interface SimulatedJob {
  /** `octo-org/octo-repo` */
  readonly repository: string;
  readonly repositoryId: string;
  readonly ownerId: string;
  /** `refs/heads/main` */
  readonly ref: string;
  readonly event?: string;
  /** File name of the workflow. */
  readonly workflow?: string;
}

const ISSUER = "https://token.actions.githubusercontent.com";
const LIFETIME_SECONDS = 300;

/** @param now Unix seconds */
export async function simulateGitHub(
  now: () => number = () => Math.floor(Date.now() / 1000),
): Promise<SimulatedGitHub> {
  const key = await tokenKey("RS256", "simulated-github-1");
  return {
    issuer: ISSUER,
    key,
    fetch: async (request) =>
      new URL(request.url).pathname === "/.well-known/jwks"
        ? Response.json(keySet(key))
        : new Response(null, { status: 404 }),
    job: (job, requestToken) => async (request) => {
      const { searchParams } = new URL(request.url);
      if (request.headers.get("authorization")?.toLowerCase() !== `bearer ${requestToken}`)
        return new Response(null, { status: 401 });
      if (request.method !== "GET" || searchParams.get("api-version") !== "2.0")
        return new Response(null, { status: 400 });
      const [owner = ""] = job.repository.split("/");
      const audience = searchParams.get("audience") ?? `https://github.com/${owner}`;
      const value = await key.sign(claimsFor(job, audience, now()), { x5t: key.kid });
      return Response.json({ count: value.length, value });
    },
  };
}

/** @see https://docs.github.com/actions/reference/security/oidc#oidc-token-claims */
function claimsFor(job: SimulatedJob, audience: string, now: number) {
  const [owner = "", name = ""] = job.repository.split("/");
  const { workflow = "deploy.yml", event = "push" } = job;
  const workflowRef = `${job.repository}/.github/workflows/${workflow}@${job.ref}`;
  return {
    jti: crypto.randomUUID(),
    sub: `repo:${owner}@${job.ownerId}/${name}@${job.repositoryId}:ref:${job.ref}`,
    aud: audience,
    ref: job.ref,
    sha: "7f3a1c5e9b2d4f60817253a4b5c6d7e8f9012345",
    repository: job.repository,
    repository_owner: owner,
    repository_owner_id: job.ownerId,
    run_id: "9876543210",
    run_number: "42",
    run_attempt: "1",
    repository_visibility: "private",
    repository_id: job.repositoryId,
    actor_id: "583231",
    actor: "octocat",
    workflow: "deploy",
    head_ref: "",
    base_ref: "",
    event_name: event,
    ref_protected: "true",
    ref_type: "branch",
    workflow_ref: workflowRef,
    workflow_sha: "7f3a1c5e9b2d4f60817253a4b5c6d7e8f9012345",
    job_workflow_ref: workflowRef,
    job_workflow_sha: "7f3a1c5e9b2d4f60817253a4b5c6d7e8f9012345",
    runner_environment: "github-hosted",
    iss: ISSUER,
    nbf: now - LIFETIME_SECONDS,
    exp: now + LIFETIME_SECONDS,
    iat: now,
  };
}
