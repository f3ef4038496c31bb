"""Checks a certificate of a machine without the server. Needs the `cryptography` package; docs/certificates.md says what each step is for."""

import base64, datetime, fractions, hashlib, hmac, re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORM = re.compile(r"^-----BEGIN CHATELAINE CERTIFICATE-----[ \t\r]*\n(.*?)^-----END CHATELAINE CERTIFICATE-----\s*$", re.DOTALL | re.MULTILINE)
TOLERANCE = datetime.timedelta(minutes=5)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def digest(kind, normalised):
    """What stands for a component: the first 16 bytes of a SHA-256."""
    return hashlib.sha256(f"chatelaine component 1\n{kind}\n{normalised}".encode()).digest()[:16]


def verify(text, listed, shown, now, latest=None, revoked=None):
    """`listed`: chatelaine-keys.json; `shown`: (kind, digest) of what is there; `revoked`: machine -> notice. Gives a word, and the percentage."""
    found = FORM.search(text)
    if not found:
        return "form", 0
    *signed, signature = [line.rstrip() for line in found[1].splitlines()]
    pairs = [line.split(": ", 1) for line in signed]
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
    there = {(kind, hmac.new(bytes.fromhex(told["salt"]), value, hashlib.sha256).hexdigest()) for kind, value in shown}
    share = lambda part: fractions.Fraction(int(part[3]), sum(other[0] == part[0] for other in parts))
    again = [part for part in parts if (part[0], part[4]) in there]
    percent = int(100 * sum(map(share, again)) / sum(map(share, parts)))
    wrong = {
        "clock-set-back": now + TOLERANCE < latest,
        "expired": max(now, latest) >= moment(told["expires"]),
        "revoked": (revoked or {}).get(int(told["machine"]), 0) > int(told["epoch"]),
        "one-class": len({part[1] for part in again}) < 2,
        "model-only": all(part[2] == "model" for part in again),
        "drifted": percent < int(told["threshold"]),
    }
    return next((word for word, holds in wrong.items() if holds), "good"), percent
