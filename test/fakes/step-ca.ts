import { calculateJwkThumbprint, exportJWK, importSPKI, jwtVerify } from "jose";
import { encodeBase64url } from "../../src/encoding/base64.ts";
import { decodePem, encodePem } from "../../src/encoding/pem.ts";
import { OID } from "../../src/svid/extensions.ts";
import { extension, type TestCa } from "../unit/svid/forge.ts";
import { csrParts } from "./csr-parts.ts";
import { later } from "./later.ts";

/** As much of step-ca as an intermediate asks: `/1.0/sign` by a one-time token of a JWK provisioner, as its source has it. */

export const STEP_CA = "https://ca.example.org:9000";
/** What the token has to be for: the CA does not look at the port. */
const AUDIENCE = "https://ca.example.org/1.0/sign";
const MAX_SECONDS = 48 * 3600;

interface SignRequest {
  readonly csr: string;
  readonly ott: string;
  readonly notAfter: string;
}

export class FakeStepCa {
  readonly asked: SignRequest[] = [];
  fault: (answer: object) => Response | Promise<Response> | undefined = () => undefined;
  readonly #ca: TestCa;
  readonly #between: readonly Uint8Array[];
  readonly #provisioner: { readonly name: string; readonly pem: string; readonly kid?: string };
  readonly #used = new Set<unknown>();
  readonly #now: () => number;

  /** @param between the CA's own certificate and those below the root */
  constructor(
    ca: TestCa,
    between: readonly Uint8Array[],
    provisioner: { readonly name: string; readonly spki: Uint8Array; readonly kid?: string },
    now: () => number,
  ) {
    this.#ca = ca;
    this.#between = between;
    this.#provisioner = { ...provisioner, pem: encodePem("PUBLIC KEY", provisioner.spki) };
    this.#now = now;
  }

  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    if (request.url !== `${STEP_CA}/1.0/sign`) throw new TypeError("no host");
    const asked: SignRequest = await request.json();
    this.asked.push(asked);
    await later();
    const blocks = decodePem(asked.csr, "CERTIFICATE REQUEST", { max: 1 });
    const csr = blocks.ok ? blocks.value[0] : undefined;
    if (csr === undefined) return refusal(400);
    const names = await this.#authorised(asked.ott, csr);
    if (names === undefined) return refusal(401);
    const notAfter = Date.parse(asked.notAfter) / 1000;
    if (!(notAfter <= this.#now() + MAX_SECONDS)) return refusal(403);
    const chain = [await this.#certify(csr, names, notAfter), ...this.#between];
    const certChain = chain.map((der) => encodePem("CERTIFICATE", der));
    const answer = { crt: certChain[0], ca: certChain[1], certChain, tlsOptions: {} };
    return (await this.fault(answer)) ?? Response.json(answer, { status: 201 });
  };

  /** @returns the names that the token speaks for */
  async #authorised(ott: string, csr: Uint8Array): Promise<readonly string[] | undefined> {
    const { name, pem, kid } = this.#provisioner;
    const key = await importSPKI(pem, "ES256", { extractable: true });
    const expected = kid ?? (await calculateJwkThumbprint(await exportJWK(key)));
    const at = new Date(this.#now() * 1000);
    try {
      const { payload, protectedHeader } = await jwtVerify(ott, key, {
        issuer: name,
        currentDate: at,
        requiredClaims: ["exp", "iat", "nbf", "sub"],
      });
      const { aud, sub, jti, cnf, sans } = payload;
      const audience = new URL(String(aud));
      audience.port = "";
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(csr)));
      const { "x5rt#S256": bound } = cnf as Record<string, unknown>;
      if (protectedHeader.kid !== expected || audience.href !== AUDIENCE || this.#used.has(jti))
        return undefined;
      if (sub !== csrParts(csr).commonName || bound !== encodeBase64url(digest)) return undefined;
      this.#used.add(jti);
      return sans as string[];
    } catch {
      return undefined;
    }
  }

  /** By its template, which takes no extension of the request. */
  #certify(csr: Uint8Array, names: readonly string[], notAfter: number): Promise<Uint8Array> {
    const { subject, spki, extensions } = csrParts(csr);
    const keyId = extensions.get(OID.subjectKeyId);
    return this.#ca.issue({
      subjectName: subject,
      spki,
      notAfter,
      extensions: [
        extension.ca(0),
        extension.keyUsage([5]),
        extension.uris(names, false),
        ...(keyId === undefined ? [] : [keyId]),
      ],
    });
  }
}

function refusal(status: number): Response {
  return Response.json({ status, message: "the secret is hunter2" }, { status });
}
