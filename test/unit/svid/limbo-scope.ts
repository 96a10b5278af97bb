/**
 * x509-limbo cases whose verdict is not this validator's to give, by id with the reason. Everything that is not listed
 * here has to be judged as the suite says.
 */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  "revocation lists are not read: SVIDs live for an hour": [
    "crl::revoked-certificate-with-crl",
    "crl::crlnumber-missing",
    "crl::crlnumber-critical",
    "crl::issuer-missing-crlsign",
  ],
  "host names are not matched: a workload is named by its SPIFFE ID": [
    "rfc5280::san::underscore-dns",
    "rfc5280::san::ip-in-dns",
    "rfc5280::ca-as-leaf-wrong-san",
    "webpki::cn::ipv4-hex-mismatch",
    "webpki::cn::ipv4-leading-zeros-mismatch",
    "webpki::cn::ipv6-uppercase-mismatch",
    "webpki::cn::ipv6-uncompressed-mismatch",
    "webpki::cn::ipv6-non-rfc5952-mismatch",
    "webpki::cn::punycode-not-in-san",
    "webpki::cn::utf8-vs-punycode-mismatch",
    "webpki::cn::not-in-san",
    "webpki::cn::case-mismatch",
    "webpki::san::mismatch-domain-san",
    "webpki::san::mismatch-subdomain-san",
    "webpki::san::mismatch-subdomain-apex-san",
    "webpki::san::mismatch-apex-subdomain-san",
    "webpki::san::public-suffix-wildcard-san",
    "webpki::san::public-suffix-multi-label-wildcard-san",
    "webpki::san::public-suffix-private-namespace-wildcard-san",
    "webpki::san::wildcard-embedded-leftmost-san",
    "webpki::san::wildcard-not-in-leftmost-san",
    "webpki::san::wildcard-match-across-labels-san",
    "webpki::san::wildcard-embedded-ulabel-san",
    "webpki::san::san-wildcard-only",
    "webpki::san::san-wildcard-only-tld",
    "webpki::san::no-san",
  ],
  "key identifiers are hints: a CA without them, or with others, still signs what it signs": [
    "rfc5280::aki::leaf-missing-aki",
    "rfc5280::aki::intermediate-missing-aki",
    "rfc5280::aki::cross-signed-root-missing-aki",
    "rfc5280::ski::root-missing-ski",
    "rfc5280::ski::intermediate-missing-ski",
    "webpki::aki::root-with-aki-missing-keyidentifier",
    "webpki::aki::root-with-aki-all-fields",
    "webpki::aki::root-with-aki-ski-mismatch",
  ],
  "roots with basic constraints that are not critical are what OpenSSL's own configuration made for years":
    ["rfc5280::root-non-critical-basic-constraints"],
  "name constraints count whether critical or not; webpki::nc::permitted-dns-match-noncritical wants the opposite":
    ["rfc5280::nc::permitted-dns-match-noncritical"],
  "a rule of the CA/Browser Forum for public web servers": [
    "webpki::eku::ee-anyeku",
    "webpki::eku::ee-critical-eku",
    "webpki::eku::ee-without-eku",
    "webpki::eku::root-has-eku",
    "webpki::san::san-critical-with-nonempty-subject",
    "webpki::forbidden-rsa-not-divisible-by-8-in-root",
    "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
  ],
};

export const OUT_OF_SCOPE: ReadonlyMap<string, string> = new Map(
  Object.entries(REASONS).flatMap(([reason, ids]) => ids.map((id) => [id, reason])),
);
