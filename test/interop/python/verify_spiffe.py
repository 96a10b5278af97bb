"""A relying party on the package `spiffe`.

Reads one JSON request a line on standard input and answers each with one JSON verdict a line. The package brings
bundles, leaf rules and JWT-SVIDs; the path of an X.509-SVID is verified by pyca/cryptography, from the authorities of
the bundle of the trust domain that the leaf names.
"""

import json
import sys

from cryptography.x509.verification import PolicyBuilder, Store
from spiffe import JwtBundle, JwtSvid, TrustDomain, X509Bundle, X509Svid


def keys(document, use):
    return [key for key in document["keys"] if key.get("use") == use]


def x509_bundle(trust_domain, document):
    pem = "".join(
        f"-----BEGIN CERTIFICATE-----\n{key['x5c'][0]}\n-----END CERTIFICATE-----\n"
        for key in keys(document, "x509-svid")
    )
    return X509Bundle.parse(trust_domain, pem.encode()) if pem else X509Bundle(trust_domain, set())


def jwt_bundle(trust_domain, document):
    jwks = {"keys": keys(document, "jwt-svid")}
    return JwtBundle.parse(trust_domain, json.dumps(jwks).encode())


def verify_x509(bundle, request):
    svid = X509Svid.parse(request["chain"].encode(), request["key"].encode())
    if svid.spiffe_id.trust_domain != bundle.trust_domain:
        raise ValueError("of another trust domain")
    store = Store(list(bundle.x509_authorities))
    leaf, *between = svid.cert_chain
    PolicyBuilder().store(store).build_client_verifier().verify(leaf, between)
    return svid.spiffe_id


def verify_jwt(bundle, request):
    svid = JwtSvid.parse_and_validate(request["token"], bundle, {request["audience"]})
    if svid.spiffe_id.trust_domain != bundle.trust_domain:
        raise ValueError("of another trust domain")
    return svid.spiffe_id


def judge(request):
    trust_domain = TrustDomain(request["trust_domain"])
    x509 = x509_bundle(trust_domain, request["bundle"])
    jwt = jwt_bundle(trust_domain, request["bundle"])
    if request["op"] == "bundle":
        return {
            "ok": True,
            "x509_authorities": len(x509.x509_authorities),
            "jwt_authorities": len(jwt.jwt_authorities),
        }
    verify, bundle = {"x509": (verify_x509, x509), "jwt": (verify_jwt, jwt)}[request["op"]]
    return {"ok": True, "spiffe_id": str(verify(bundle, request))}


for line in sys.stdin:
    try:
        verdict = judge(json.loads(line))
    except Exception as error:  # whatever a library refuses with
        verdict = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(verdict), flush=True)
