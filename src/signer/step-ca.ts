import { encodeBase64url } from "../encoding/base64.ts";
import { toHex, utf8Encode } from "../encoding/bytes.ts";
import { readDer } from "../encoding/der/reader.ts";
import type { JsonObject } from "../encoding/json.ts";
import { encodeJws, encodeJwsInput } from "../encoding/jws.ts";
import { decodePem, encodePem } from "../encoding/pem.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { ATTRIBUTE, attributeTexts, readName } from "../svid/name.ts";
import { signingAlgorithm } from "./algorithms.ts";
import type { BackendDeps, IntermediateRequest, KeyHandle, UpstreamCa } from "./backend.ts";
import { KeyService } from "./key-service.ts";
import { localSigner } from "./local.ts";
import { readPrivateKey } from "./private-key.ts";
import { askService, malformedAnswer } from "./service-request.ts";
import { SignerError, type Signer } from "./signer.ts";

const TITLE = "step-ca";
/** As step has it for its one-time tokens. */
const TOKEN_SECONDS = 300;

interface StepCaSettings {
  /** Its address, without a path. */
  readonly ca: string;
  /** Name of a provisioner of the type JWK. */
  readonly provisioner: string;
  /** The private half of its key. */
  readonly private_key: string;
  /** The key's `kid`, where it is not the RFC 7638 thumbprint that step gives it. */
  readonly kid?: string | undefined;
}

interface Provisioner {
  readonly name: string;
  readonly kid: string;
  readonly signer: Signer;
  /** Where certificates are asked for, which is also whom tokens are for. */
  readonly url: string;
}

/**
 * `backend: step_ca`: a step-ca certifies intermediates, each by a one-time token of a JWK provisioner, whose template
 * says what an intermediate is.
 * @see https://smallstep.com/docs/step-ca/provisioners/#jwk
 */
export async function openStepCa(
  settings: StepCaSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const key = await readPrivateKey(settings.private_key, deps);
  if (key === undefined) return undefined;
  const { info } = key.publicKey;
  const chosen = signingAlgorithm("x509", info);
  if (!chosen.ok) {
    deps.complain("private_key", chosen.error.detail ?? chosen.error.reason);
    return undefined;
  }
  const { provisioner: name } = settings;
  const provisioner: Provisioner = {
    name,
    kid: settings.kid ?? (await thumbprint(deps.platform, info)),
    signer: localSigner(name, key, chosen.value, deps.platform),
    url: new URL("/1.0/sign", settings.ca).href,
  };
  return { upstream: (id) => stepCa(id, provisioner, deps) };
}

function stepCa(id: string, provisioner: Provisioner, { platform }: BackendDeps): UpstreamCa {
  const calls = new KeyService(`the CA of ${id}`);
  return {
    async certify(request) {
      const csr = encodePem("CERTIFICATE REQUEST", request.csr);
      const notAfter = new Date(request.notAfter * 1000).toISOString();
      const answer = await calls.call(async (timeoutMs) => {
        // One a try: the CA may have seen the one that got no answer.
        const ott = await oneTimeToken(request, provisioner, platform);
        return sign(id, JSON.stringify({ csr, ott, notAfter }), timeoutMs, provisioner, platform);
      });
      const { certChain: chain } = answer;
      const texts = Array.isArray(chain) ? chain.map(String) : [];
      const blocks = texts.map((text) => decodePem(text, "CERTIFICATE", { max: 1 }));
      const certificates = blocks.flatMap((block) => (block.ok ? block.value : []));
      if (certificates.length === 0 || certificates.length < blocks.length)
        throw new SignerError("unsound", `step-ca answered for ${id} with no certificates`);
      return certificates;
    },
  };
}

/** @throws SignerError */
async function sign(
  id: string,
  body: string,
  timeoutMs: number,
  { url }: Provisioner,
  platform: BackendDeps["platform"],
): Promise<JsonObject> {
  const headers = { "content-type": "application/json" };
  const asked = { method: "POST", headers, body, timeoutMs };
  const { status, body: answer } = await askService(platform, TITLE, id, url, asked);
  if (status === 201) return answer ?? malformedAnswer(TITLE, id);
  const code = status === 429 ? "throttled" : status >= 500 ? "unavailable" : "denied";
  throw new SignerError(code, `step-ca refuses to sign for ${id}: status ${status}`);
}

/**
 * For this request and no other: for its names, and by its digest, so that a token which is seen on its way serves
 * nobody.
 */
async function oneTimeToken(
  { csr, trustDomain }: IntermediateRequest,
  { name, kid, signer, url }: Provisioner,
  platform: BackendDeps["platform"],
): Promise<string> {
  const now = platform.now();
  const input = encodeJwsInput(
    { alg: signer.algorithm, kid, typ: "JWT" },
    {
      iss: name,
      sub: commonName(csr),
      aud: url,
      sans: [`spiffe://${trustDomain}`],
      iat: now,
      nbf: now,
      exp: now + TOKEN_SECONDS,
      jti: toHex(platform.random(16)),
      cnf: { "x5rt#S256": encodeBase64url(await platform.digest("SHA-256", csr)) },
    },
  );
  return encodeJws(input, await signer.sign(utf8Encode(input)));
}

/** Of the request's subject: step-ca has them agree. */
function commonName(csr: Uint8Array): string {
  const read = readDer(csr);
  const name = read.ok ? readName(read.value.children[0]?.children[1]) : undefined;
  const [text] = (name && attributeTexts(name, ATTRIBUTE.commonName)) ?? [];
  return text ?? "svidmint";
}
