"""A program of its own that makes signatures: SHA-256 digests come in, signatures of one length go out in the same order.

Run by its path with the key behind four bytes of length on standard input, so that it loads the cryptography and nothing of ours.
It ends with its input, so it never outlives the process that started it.
"""

import os
import sys
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

DIGEST = 32
_AT_ONCE = DIGEST * 128


def _exactly(count: int) -> bytes:
    data = b""
    while len(data) < count and (more := os.read(0, count - len(data))):
        data += more
    return data


def _signer(pem: bytes) -> Callable[[bytes], bytes]:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SystemExit("not an RSA key")
    pkcs1, prehashed = padding.PKCS1v15(), Prehashed(hashes.SHA256())
    return lambda digest: key.sign(digest, pkcs1, prehashed)


def main() -> None:
    """Sign until nothing more comes."""
    sign = _signer(_exactly(int.from_bytes(_exactly(4), "big")))
    rest = b""
    while data := os.read(0, _AT_ONCE):
        rest += data
        whole = len(rest) - len(rest) % DIGEST
        for at in range(0, whole, DIGEST):
            signature = sign(rest[at : at + DIGEST])
            while signature:
                signature = signature[os.write(1, signature) :]
        rest = rest[whole:]


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
