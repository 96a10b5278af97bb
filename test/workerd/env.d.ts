type Main = typeof import("../../infra/cloudflare/worker.ts"); // oxlint-disable-line typescript/consistent-type-imports -- ambient file
declare namespace Cloudflare {
  interface Env {
    readonly CLAIMS: DurableObjectNamespace<InstanceType<Main["ClaimObject"]>>;
  }
  interface GlobalProps {
    mainModule: Main;
  }
}
