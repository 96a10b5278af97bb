"""Run pkilint's RFC 5280 certificate linter over every certificate of a PEM stream.

Reads standard input and prints one JSON summary of the same shape as zlint-many's:
findings by code, each with its severity, how many certificates it hits and the first of them.
"""

import json
import re
import sys

from pkilint import loader
from pkilint.pkix import certificate, extension, name

PEM = re.compile(
    "-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL
)


def rfc5280_linter():
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def main():
    linter = rfc5280_linter()
    load = loader.RFC5280CertificateDocumentLoader().load_pem_document
    findings = {}
    count = 0
    for pem in PEM.findall(sys.stdin.read()):
        document = load(pem, f"certificate {count}")
        for result in linter.validate(document.root):
            for description in result.finding_descriptions:
                finding = findings.setdefault(
                    description.finding.code,
                    {
                        "status": description.finding.severity.name.lower(),
                        "count": 0,
                        "first": count,
                        "detail": description.message or "",
                    },
                )
                finding["count"] += 1
        count += 1
    json.dump({"certificates": count, "findings": findings}, sys.stdout)


if __name__ == "__main__":
    main()
