import { oidc } from "../../src/attestors/oidc/oidc.ts";
import { spiffe } from "../../src/attestors/spiffe/spiffe.ts";
import { x509Pop } from "../../src/attestors/x509/pop.ts";
import { JKT } from "../../test/conformance/attestor.ts";
import { provenance } from "../../test/fakes/node/sigstore.ts";
import { dataUrl } from "../../test/fakes/token-issuer.ts";
import {
  evidenceOf,
  NOW as SIGSTORE_NOW,
  open as openSigstore,
  world,
} from "../../test/node/attestors/sigstore/support.ts";
import * as ci from "../../test/unit/attestors/oidc/oidc-support.ts";
import * as presets from "../../test/unit/attestors/oidc/presets/support.ts";
import { proofFor } from "../../test/unit/attestors/pop-support.ts";
import * as peers from "../../test/unit/attestors/spiffe/spiffe-support.ts";
import { heldBundles, ISSUER } from "../../test/unit/attestors/support.ts";
import { chainOf, issueLeaf } from "../../test/unit/attestors/x509/pop-support.ts";
import { testCa } from "../../test/unit/svid/forge.ts";
import { BOUND, onNode, piecesOf, type Subject, tokenSubject } from "./subject.ts";

export async function jobSubjects(): Promise<readonly Subject[]> {
  const { settings, claims } = presets.sampleOf("github_actions");
  const github = { ci: { ...settings, jwks: presets.jwks } };
  return [
    await tokenSubject(
      oidc,
      { ci: ci.entry },
      { key: ci.key, claims: { ...ci.CLAIMS, aud: BOUND }, form: "ES256" },
    ),
    await tokenSubject(oidc, github, {
      key: presets.key,
      claims: { ...claims, aud: BOUND },
      form: "github_actions",
    }),
    await buildProvenance(),
  ];
}

/** An attestor knows a bundle again that it has verified; these are more than it remembers. */
async function buildProvenance(): Promise<Subject> {
  const { attestor } = await openSigstore();
  return {
    type: attestor.type,
    attestor,
    pieces: await piecesOf(
      async (n) => {
        const digest = { sha256: n.toString(16).padStart(64, "0") };
        const statement = provenance({ subject: [{ name: "ghcr.io/acme/app", digest }] });
        return evidenceOf(await world.attest(statement));
      },
      { now: () => SIGSTORE_NOW + 10 },
    ),
  };
}

export async function svidSubjects(): Promise<readonly Subject[]> {
  const bundles = heldBundles(peers.held);
  const attestor = await onNode(spiffe, { trust_domains: [peers.PEER] }, { bundles });
  const aud = `${ISSUER}/jkt/${peers.JKT}`;
  const { type } = spiffe;
  return [
    {
      type,
      form: "JWT-SVID",
      attestor,
      pieces: await piecesOf(async (n) => ({
        type,
        token: await peers.jwtSvid({ aud, jti: `piece-${n}` }),
      })),
      jkt: peers.JKT,
    },
    {
      type,
      form: "WIT-SVID",
      attestor,
      pieces: await piecesOf(async (n) => {
        const token = await peers.witSvid({ jti: `piece-${n}` });
        return { type, token, wpt: await peers.wptFor(token) };
      }),
      jkt: peers.JKT,
    },
  ];
}

/** Each a machine of its own, below an intermediate. */
export async function certificateSubjects(): Promise<readonly Subject[]> {
  const root = await testCa("Fleet Root");
  const intermediate = await testCa("Fleet Issuing CA", {}, root);
  return [
    {
      type: x509Pop.type,
      attestor: await onNode(x509Pop, { fleet: { ca: dataUrl(chainOf(root.der)) } }),
      pieces: await piecesOf(async () => {
        const { key, certificate } = await issueLeaf(intermediate);
        return {
          type: x509Pop.type,
          certificate_chain: chainOf(certificate, intermediate.der),
          proof: await proofFor(key),
        };
      }),
      jkt: JKT,
    },
  ];
}
