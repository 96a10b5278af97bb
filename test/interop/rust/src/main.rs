//! A relying party on the crate `spiffe`. It reads one JSON request a line on standard input and answers each with one
//! JSON verdict a line. The crate brings bundles, leaf rules and JWT-SVIDs; the path of an X.509-SVID is verified by
//! rustls' own library, from the authorities of the bundle of the trust domain that the leaf names.

use std::error::Error;
use std::io::{self, BufRead};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use serde_json::{Value, json};
use spiffe::{JwtBundle, JwtBundleSet, JwtSvid, TrustDomain, X509Bundle, X509Svid};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let verdict = judge(&request)
            .unwrap_or_else(|error| json!({ "ok": false, "error": error.to_string() }));
        println!("{verdict}");
    }
    Ok(())
}

fn judge(request: &Value) -> Outcome<Value> {
    let trust_domain = TrustDomain::new(text(request, "trust_domain")?)?;
    let x509 = x509_bundle(&trust_domain, &request["bundle"])?;
    let jwt = jwt_bundle(&trust_domain, &request["bundle"])?;
    match text(request, "op")? {
        "bundle" => Ok(json!({
            "ok": true,
            "x509_authorities": x509.authorities().len(),
            "jwt_authorities": jwt.jwt_authorities().count(),
        })),
        "x509" => {
            let id = verify_x509(&x509, text(request, "chain")?, text(request, "key")?)?;
            Ok(json!({ "ok": true, "spiffe_id": id }))
        }
        "jwt" => {
            let mut bundles = JwtBundleSet::new();
            bundles.add_bundle(jwt);
            let audience = [text(request, "audience")?];
            let svid = JwtSvid::parse_and_validate(text(request, "token")?, &bundles, &audience)?;
            Ok(json!({ "ok": true, "spiffe_id": svid.spiffe_id().to_string() }))
        }
        other => Err(format!("no such operation: {other}").into()),
    }
}

/// The authorities of one use, as a document of SPIFFE Trust Domain and Bundle section 4 lists them.
fn keys<'a>(document: &'a Value, usage: &'a str) -> impl Iterator<Item = &'a Value> {
    let keys = document["keys"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    keys.iter().filter(move |key| key["use"] == usage)
}

fn x509_bundle(trust_domain: &TrustDomain, document: &Value) -> Outcome<X509Bundle> {
    let mut bundle = X509Bundle::new(trust_domain.clone());
    for key in keys(document, "x509-svid") {
        let base64 = key["x5c"][0]
            .as_str()
            .ok_or("an authority without a certificate")?;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        bundle.add_authority(&CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    }
    Ok(bundle)
}

fn jwt_bundle(trust_domain: &TrustDomain, document: &Value) -> Outcome<JwtBundle> {
    let keys: Vec<_> = keys(document, "jwt-svid").collect();
    let set = json!({ "keys": keys }).to_string();
    Ok(JwtBundle::from_jwt_authorities(
        trust_domain.clone(),
        set.as_bytes(),
    )?)
}

fn verify_x509(bundle: &X509Bundle, chain: &str, key: &str) -> Outcome<String> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>()?;
    let der: Vec<u8> = chain
        .iter()
        .flat_map(|certificate| certificate.iter().copied())
        .collect();
    let key = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes())?;
    let svid = X509Svid::parse_from_der(&der, key.secret_pkcs8_der())?;
    if svid.spiffe_id().trust_domain() != bundle.trust_domain() {
        return Err("of another trust domain".into());
    }
    let roots: Vec<_> = bundle
        .authorities()
        .iter()
        .map(|root| CertificateDer::from(root.as_bytes()))
        .collect();
    let anchors: Vec<_> = roots
        .iter()
        .map(anchor_from_trusted_cert)
        .collect::<Result<_, _>>()?;
    let (leaf, between) = chain.split_first().ok_or("an empty chain")?;
    for usage in [KeyUsage::client_auth(), KeyUsage::server_auth()] {
        let leaf = EndEntityCert::try_from(leaf)?;
        leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            between,
            UnixTime::now(),
            usage,
            None,
            None,
        )?;
    }
    Ok(svid.spiffe_id().to_string())
}

fn text<'a>(request: &'a Value, name: &str) -> Outcome<&'a str> {
    request[name]
        .as_str()
        .ok_or_else(|| format!("{name} is missing").into())
}
