import type { TlsOptions } from "node:tls";
import { issuerPlace } from "../../encoding/issuer-place.ts";
import { encodePem } from "../../encoding/pem.ts";
import { rawPath } from "../../handlers/exact-router.ts";
import { endpointSvid, signingAuthority } from "../../issuer/endpoint-svid.ts";
import type { Issuer } from "../../issuer/issuer.ts";
import { TLS_INTERMEDIATE } from "../../platform/node/tls-profile.ts";
import type { Platform } from "../../platform/platform.ts";
import type { SigningAuthority } from "../../signer/authority.ts";
import { listen, type ListenAddress, type RunningServer } from "./http-server.ts";

/** Shorter than that are no two attempts apart, however short a certificate lives. Seconds. */
const FIRST_RETRY = 10;
const LAST_RETRY = 60;
const LOOK_MS = 1000;

export interface EndpointOptions {
  readonly platform: Platform;
  /** Of the SPIFFE ID, as the configuration in force has it. */
  readonly path: () => string;
  readonly log: (line: string) => void;
  /** Takes what new connections are shown. */
  readonly show: (tls: TlsOptions) => void;
}

/**
 * What the bundle endpoint of profile `https_spiffe` shows: an X.509-SVID of the trust domain for a key that never
 * leaves this process, made anew at half its life and whenever another key has come to sign. What cannot be renewed
 * stays as it is.
 */
export class EndpointCertificate {
  readonly #issuer: Pick<Issuer, "snapshot" | "trail">;
  readonly #options: EndpointOptions;
  #authority: SigningAuthority | undefined;
  #path: string | undefined;
  #renewAt = 0;
  /** The last attempt. */
  #triedAt = -Infinity;
  #failures = 0;
  #running = false;

  constructor(issuer: Pick<Issuer, "snapshot" | "trail">, options: EndpointOptions) {
    this.#issuer = issuer;
    this.#options = options;
  }

  /** Renews where that is due. Never rejects. */
  async look(): Promise<void> {
    const { platform, path: pathNow, log } = this.#options;
    const now = platform.now();
    const authority = signingAuthority(this.#issuer);
    const path = pathNow();
    const changed = authority !== this.#authority || path !== this.#path;
    // A clock that was set back: what was made before that is not valid yet, nor does a retry wait for it.
    const back = now < this.#triedAt - LAST_RETRY;
    const due = now >= this.#renewAt || back || (changed && this.#failures === 0);
    if (!due || this.#running) return;
    this.#running = true;
    this.#triedAt = now;
    try {
      const renewed = await this.#renew(path);
      if (renewed.ok) {
        this.#authority = authority;
        this.#path = path;
        this.#failures = 0;
        this.#renewAt = now + Math.max(FIRST_RETRY, (renewed.value - now) / 2);
        return;
      }
      this.#renewAt = now + Math.min(FIRST_RETRY * 2 ** this.#failures++, LAST_RETRY);
      log(JSON.stringify({ event: "bundle_endpoint", result: "failed", ...renewed.error }));
    } finally {
      this.#running = false;
    }
  }

  /** @returns when it expires */
  async #renew(path: string) {
    const { platform, show } = this.#options;
    const key = await platform.generateKey("P-256");
    const svid = await endpointSvid(this.#issuer, path, key.publicKey);
    if (!svid.ok) return svid;
    show({
      ...TLS_INTERMEDIATE,
      key: encodePem("PRIVATE KEY", await platform.exportPrivateKey(key)),
      cert: svid.value.certificateChain,
    });
    return { ok: true, value: svid.value.expiresAt } as const;
  }
}

/** Of all that is served, the bundles. */
export function bundlesOnly(
  issuer: Pick<Issuer, "url">,
  fetch: (request: Request) => Response | Promise<Response>,
): typeof fetch {
  const { base } = issuerPlace(issuer.url);
  return (request) => {
    const path = rawPath(request);
    const shown = path.startsWith(base) && /^\/bundles?(?:\/|$)/.test(path.slice(base.length));
    return shown ? fetch(request) : new Response("not found\n", { status: 404 });
  };
}

/** Serves the bundles to peers that know us by our SPIFFE ID. */
export async function listenForPeers(
  issuer: Issuer,
  fetch: (request: Request) => Response | Promise<Response>,
  address: ListenAddress,
  options: Omit<EndpointOptions, "show">,
): Promise<RunningServer> {
  let certificate: EndpointCertificate | undefined;
  const server = await listen(bundlesOnly(issuer, fetch), address, {
    tls(show) {
      certificate = new EndpointCertificate(issuer, { ...options, show });
    },
  });
  await certificate?.look();
  const timer = setInterval(() => void certificate?.look(), LOOK_MS);
  timer.unref();
  return {
    ...server,
    stop() {
      clearInterval(timer);
      return server.stop();
    },
  };
}
