"""Have pyca/cryptography judge chains.

Reads a JSON list of {"chain": PEM, leaf first, "roots": PEM} from standard input and prints one line for each:
"ok", or why it is refused.
"""

import json
import sys

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError


def judge(case):
    leaf, *between = x509.load_pem_x509_certificates(case["chain"].encode())
    roots = x509.load_pem_x509_certificates(case["roots"].encode())
    verifier = PolicyBuilder().store(Store(roots)).build_client_verifier()
    verifier.verify(leaf, between)


def main():
    for case in json.load(sys.stdin):
        try:
            judge(case)
            print("ok")
        except (VerificationError, ValueError) as error:
            print(str(error).replace("\n", " "))


main()
