type Main = typeof import("../../src/runtimes/workers.ts"); // oxlint-disable-line typescript/consistent-type-imports -- ambient file
declare namespace Cloudflare {
  interface Env {
    readonly CLAIMS: DurableObjectNamespace<InstanceType<Main["ClaimObject"]>>;
  }
  interface GlobalProps {
    mainModule: Main;
  }
}
