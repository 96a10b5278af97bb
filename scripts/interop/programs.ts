import { createHash } from "node:crypto";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A real counterpart, or a program of ours built on a counterpart's library. */
export interface Program {
  readonly name: string;
  readonly kind:
    | "go"
    | "python"
    | "wheel-file"
    | "debian"
    | "npm"
    | "maven-zip"
    | "maven"
    | "cargo";
  /** Go import path; for `python` the requirements file; for `wheel-file` the path in the wheel; for `debian` where the package puts it; for `npm` the path in `node_modules`; for `maven-zip` the path in the archive; for `maven` a jar that the POM asks for; for `cargo` the program that the package makes. */
  readonly source: string;
  /** Our own Go program: built again when its source changes. */
  readonly own?: boolean;
  /** Folder of a Go module of its own, where the versions that it needs go together with no other's. */
  readonly module?: string;
  /** Debian package that the build needs and that a bare machine lacks. */
  readonly debian?: string;
  /** Of an npm package that is compiled where it is installed. */
  readonly compiled?: boolean;
  /** Of a `maven-zip`: `group:artifact:version`, and SHA-256 of the archive, hex. */
  readonly archive?: { readonly coordinates: string; readonly sha256: string };
  /** What a first build on two cores takes, so that nobody thinks it hangs. */
  readonly firstBuild: string;
}

const module = "svidmint.invalid/interop/go";

export const PROGRAMS = [
  ownGo("verify-svid"),
  ownGo("watch-bundle"),
  ownGo("spire-workload"),
  ownGo("federate-spiffe"),
  ownGo("zlint-many"),
  ownGo("load-spire"),
  ownGo("load-step-ca"),
  {
    name: "spire-server",
    kind: "go",
    source: "github.com/spiffe/spire/cmd/spire-server",
    firstBuild: "4 min",
  },
  {
    name: "spire-agent",
    kind: "go",
    source: "github.com/spiffe/spire/cmd/spire-agent",
    module: "spire-agent",
    firstBuild: "1 min",
  },
  {
    name: "step-ca",
    kind: "go",
    source: "github.com/smallstep/certificates/cmd/step-ca",
    debian: "libpcsclite-dev",
    firstBuild: "2 min",
  },
  {
    name: "vault",
    kind: "go",
    source: "github.com/hashicorp/vault",
    module: "vault",
    firstBuild: "9 min",
  },
  {
    name: "kubernetes-authenticate",
    kind: "go",
    source: ".",
    own: true,
    module: "kubernetes",
    firstBuild: "2 min",
  },
  { name: "python-spiffe", kind: "python", source: "requirements-spiffe.txt", firstBuild: "20 s" },
  { name: "rust-spiffe", kind: "cargo", source: "verify-svid", firstBuild: "2 min" },
  {
    name: "java-spiffe",
    kind: "maven",
    source: "java-spiffe-core-0.8.11.jar",
    firstBuild: "1 min",
  },
  { name: "pkilint", kind: "python", source: "requirements.txt", firstBuild: "30 s" },
  { name: "moto", kind: "python", source: "requirements-moto.txt", firstBuild: "1 min" },
  {
    name: "aws-lambda-rie",
    kind: "wheel-file",
    source: "samcli/local/rapid/aws-lambda-rie-x86_64",
    firstBuild: "5 s",
  },
  { name: "envoy", kind: "python", source: "requirements-envoy.txt", firstBuild: "30 s" },
  {
    name: "nginx",
    kind: "debian",
    source: "/usr/sbin/nginx",
    debian: "nginx-light",
    firstBuild: "10 s",
  },
  {
    name: "redis-server",
    kind: "debian",
    source: "/usr/bin/redis-server",
    debian: "redis-server",
    firstBuild: "10 s",
  },
  {
    name: "softhsm2",
    kind: "debian",
    source: "/usr/bin/softhsm2-util",
    debian: "softhsm2",
    firstBuild: "10 s",
  },
  {
    name: "pkcs11-tool",
    kind: "debian",
    source: "/usr/bin/pkcs11-tool",
    debian: "opensc",
    firstBuild: "10 s",
  },
  {
    name: "pkcs11js",
    kind: "npm",
    source: "pkcs11js/build/Release/pkcs11.node",
    compiled: true,
    firstBuild: "20 s",
  },
  {
    name: "azurite",
    kind: "npm",
    source: "azurite/dist/src/table/main.js",
    firstBuild: "30 s",
  },
  {
    name: "google-firestore",
    kind: "npm",
    source: "@google-cloud/firestore/build/src/index.js",
    firstBuild: "30 s",
  },
  {
    name: "google-kms",
    kind: "npm",
    source: "@google-cloud/kms/build/src/index.js",
    firstBuild: "30 s",
  },
  {
    name: "azure-keyvault-keys",
    kind: "npm",
    source: "@azure/keyvault-keys/dist/commonjs/index.js",
    firstBuild: "15 s",
  },
  {
    name: "keycloak",
    kind: "maven-zip",
    source: "keycloak-26.5.0/bin/kc.sh",
    archive: {
      coordinates: "org.keycloak:keycloak-quarkus-dist:26.5.0",
      sha256: "907f10721092bf57436698733d5046ad9ccf39564991d046f5afd67fadf17f08",
    },
    firstBuild: "30 s",
  },
] as const satisfies readonly Program[];

export type ProgramName = (typeof PROGRAMS)[number]["name"];

/** The wheel that ships AWS's own Lambda Runtime Interface Emulator. */
export const RIE_WHEEL = "aws-sam-cli==1.170.0";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));
export const moduleRoot = join(projectRoot, "test/interop");
/** Of the package whose programs are of kind `cargo`, and of the POM of those of kind `maven`. */
export const rustRoot = join(moduleRoot, "rust");
export const javaRoot = join(moduleRoot, "java");
export const cacheRoot = join(projectRoot, ".cache/interop");

function ownGo<Name extends string>(name: Name) {
  return { name, kind: "go", source: `${module}/${name}`, own: true, firstBuild: "1 min" } as const;
}

/**
 * Where a program lies once it is installed. The name holds a hash of all that decides its
 * contents, so a changed pin or source is a missing program and never a stale one.
 */
export function programPath(program: Program): string {
  const hash = createHash("sha256");
  if (program.kind === "debian") return program.source;
  if (program.kind === "npm") {
    addFiles(hash, npmRoot(program), NPM_FILES);
    return join(cacheRoot, `${program.name}-${digest(hash)}`, "node_modules", program.source);
  }
  if (program.kind === "maven") {
    addFiles(hash, javaRoot, ["pom.xml"]);
    return join(cacheRoot, `${program.name}-${digest(hash)}`, program.source);
  }
  if (program.kind === "cargo") {
    addFiles(hash, rustRoot, ["Cargo.toml", "Cargo.lock", "src/main.rs"]);
    return join(cacheRoot, "bin", `${program.name}-${digest(hash)}`);
  }
  if (program.kind === "maven-zip") {
    hash.update(program.archive?.sha256 ?? "");
    return join(cacheRoot, `${program.name}-${digest(hash)}`, program.source);
  }
  if (program.kind === "python") {
    addFiles(hash, moduleRoot, [program.source]);
    return join(cacheRoot, `${program.name}-${digest(hash)}`, "bin/python");
  }
  if (program.kind === "wheel-file") {
    hash.update(RIE_WHEEL);
  } else {
    addFiles(hash, goRoot(program), ["go.mod", "go.sum"]);
    if (program.own === true && program.module !== undefined) {
      addFolder(hash, goRoot(program));
    } else if (program.own === true) {
      addFolder(hash, join(moduleRoot, "go/internal"));
      addFolder(hash, join(moduleRoot, "go", program.name));
    }
  }
  return join(cacheRoot, "bin", `${program.name}-${digest(hash)}`);
}

/** Of the Go module that pins a program. */
export function goRoot(program: Program): string {
  return join(moduleRoot, program.module ?? "");
}

/** What `npm ci` reads, all that is needed pinned, transitive ones included. */
export const NPM_FILES = ["package.json", "package-lock.json"];

export function npmRoot(program: Program): string {
  return join(moduleRoot, "npm", program.name);
}

/** @returns the path of an installed program, or undefined */
export function findProgram(name: ProgramName): string | undefined {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  if (program === undefined) return undefined;
  const path = programPath(program);
  try {
    accessSync(
      path,
      program.kind === "npm" || program.kind === "maven" ? constants.R_OK : constants.X_OK,
    );
    return path;
  } catch {
    return undefined;
  }
}

function digest(hash: ReturnType<typeof createHash>): string {
  return hash.digest("hex").slice(0, 12);
}

function addFiles(hash: ReturnType<typeof createHash>, folder: string, names: string[]): void {
  for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
}

function addFolder(hash: ReturnType<typeof createHash>, folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  addFiles(hash, folder, names.filter((name) => name.endsWith(".go")).toSorted());
}
