"""Have an AWS Private CA sign an intermediate, by AWS's own client; prints what came of it as JSON.

Arguments: URL of the service, ARN of the CA, template. The certificate request is made here, with the
names and constraints that the issuer would ask for. Credentials are those of the environment.
"""

import datetime
import ipaddress
import json
import sys

import botocore.model
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# The service speaks two protocols; the issuer and its counterpart here speak the older one.
botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = ("json",)

import boto3  # noqa: E402

URI = "spiffe://interop.example"


def request(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca of a python client")])
    excluded = [
        x509.DNSName(""),
        x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
        x509.IPAddress(ipaddress.ip_network("::/0")),
    ]
    usage = dict.fromkeys(
        [
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=7), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, **usage), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI)]),
            critical=False,
        )
        .add_extension(x509.NameConstraints(None, excluded), critical=True)
        .sign(key, hashes.SHA256())
    )


def main():
    url, ca, template = sys.argv[1:]
    client = boto3.client("acm-pca", endpoint_url=url, region_name="eu-central-1")
    key = ec.generate_private_key(ec.SECP256R1())
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    issued = client.issue_certificate(
        CertificateAuthorityArn=ca,
        Csr=request(key).public_bytes(serialization.Encoding.PEM),
        SigningAlgorithm="SHA256WITHECDSA",
        TemplateArn=template,
        Validity={"Type": "ABSOLUTE", "Value": int(end.timestamp())},
        IdempotencyToken="python",
    )
    arn = issued["CertificateArn"]
    waiter = client.get_waiter("certificate_issued")
    waiter.wait(
        CertificateAuthorityArn=ca,
        CertificateArn=arn,
        WaiterConfig={"Delay": 1, "MaxAttempts": 5},
    )
    got = client.get_certificate(CertificateAuthorityArn=ca, CertificateArn=arn)
    made = x509.load_pem_x509_certificate(got["Certificate"].encode())
    issuer, *_ = x509.load_pem_x509_certificates(got["CertificateChain"].encode())
    made.verify_directly_issued_by(issuer)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    print(
        json.dumps(
            {
                "own_key": made.public_key() == key.public_key(),
                "path_length": constraints.value.path_length,
                "uris": made.extensions.get_extension_for_class(
                    x509.SubjectAlternativeName
                ).value.get_values_for_type(x509.UniformResourceIdentifier),
                "excluded": len(
                    made.extensions.get_extension_for_class(
                        x509.NameConstraints
                    ).value.excluded_subtrees
                ),
                "not_after": int(made.not_valid_after_utc.timestamp() - end.timestamp()),
            }
        )
    )


main()
