type Main = typeof import("../../src/runtimes/workers.ts"); // oxlint-disable-line typescript/consistent-type-imports -- ambient file
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: Main;
  }
}
