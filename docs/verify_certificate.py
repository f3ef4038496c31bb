"""Checks a certificate of a machine without the server. Needs the `cryptography` package; docs/certificates.md says what each step is for."""

import base64, datetime, hashlib, hmac
from fractions import Fraction

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BEGIN, END = "-----BEGIN CHATELAINE CERTIFICATE-----", "-----END CHATELAINE CERTIFICATE-----"
TOLERANCE = datetime.timedelta(minutes=5)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def verify(text, listed, shown, now, latest=None, revoked=None):
    """`listed`: chatelaine-keys.json; `shown`: (kind, digest) of what is there; `revoked`: machine -> notice. Gives a word, and the percentage."""
    lines = [line.rstrip() for line in text.splitlines()]
    if BEGIN not in lines or END not in lines[lines.index(BEGIN) :]:
        return "form", 0
    lines = lines[lines.index(BEGIN) + 1 :]
    *signed, signature = lines[: lines.index(END)]
    pairs = [tuple(line.split(": ", 1)) for line in signed]
    told, parts = dict(pairs), [value.split(" ") for name, value in pairs if name == "component"]
    key = next((key for key in listed["keys"] if str(key["number"]) == told["key"]), None)
    if key is None or (key["trusted_until"] and now >= moment(key["trusted_until"])):
        return "unknown-key", 0
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public"]))
        public.verify(base64.b64decode(signature.removeprefix("signature: ")), ("chatelaine certificate 1\n" + "".join(line + "\n" for line in signed)).encode())
    except InvalidSignature:
        return "signature", 0
    if told["version"] != "1" or told["server"] != listed["server"]:
        return "other-server", 0
    latest = max(moment(told["time"]), latest or moment(told["time"]))
    if now + TOLERANCE < latest:
        return "clock-set-back", 0
    if max(now, latest) >= moment(told["expires"]):
        return "expired", 0
    if (revoked or {}).get(int(told["machine"]), 0) > int(told["epoch"]):
        return "revoked", 0
    salt = bytes.fromhex(told["salt"])
    there = {(kind, hmac.new(salt, digest, hashlib.sha256).hexdigest()) for kind, digest in shown}
    share = lambda part: Fraction(int(part[3]), sum(other[0] == part[0] for other in parts))
    found = [part for part in parts if (part[0], part[4]) in there]
    percent = int(100 * sum(map(share, found)) / sum(map(share, parts)))
    if len({part[1] for part in found}) < 2:
        return "one-class", percent
    if all(part[2] == "model" for part in found):
        return "model-only", percent
    return ("good" if percent >= int(told["threshold"]) else "drifted"), percent


def digest(kind, normalised):
    """What stands for a component: the first 16 bytes of a SHA-256."""
    return hashlib.sha256(f"chatelaine component 1\n{kind}\n{normalised}".encode()).digest()[:16]
