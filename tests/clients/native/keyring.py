"""An RSA key as clients make one, in the forms in which they hand it in, and what they do with it."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class Key:
    """A private key of some length with its public side."""

    def __init__(self, bits=2048):
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        form, side = serialization.Encoding, serialization.PublicFormat
        public = self._private.public_key().public_bytes
        self.pkcs1 = public(form.DER, side.PKCS1)
        self.spki = public(form.DER, side.SubjectPublicKeyInfo)
        self.pem = public(form.PEM, side.SubjectPublicKeyInfo)
        self.pem_pkcs1 = public(form.PEM, side.PKCS1)

    def open(self, closed):
        return self._private.decrypt(closed, _OAEP)


def close(public_key, secret):
    """Closes a secret for the owner of a public key of PKCS#1, as it came from the server."""
    # A SubjectPublicKeyInfo around it is what the library reads.
    head = bytes.fromhex("300d06092a864886f70d0101010500")
    inner = head + _sized(0x03, b"\0" + public_key)
    return serialization.load_der_public_key(_sized(0x30, inner)).encrypt(secret, _OAEP)


def _sized(tag, body):
    assert 256 <= len(body) < 65536, "a key of two thousand bits or more"
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


KEY = Key()
