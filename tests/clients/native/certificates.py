"""Certificates of machines, checked by the verifier of the documentation when the server that issued them is stopped."""

import copy
import datetime
import json
import pathlib
import re
import sys
import urllib.request

from stack import PASSWORD, Line, Server, check

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "docs"))

import verify_certificate as verifier  # noqa: E402

PARTS = [("machine_id", "5d41402abc4b2a76b9719d911017c592"), ("product_uuid", "7d793037a0760189574b282f2f435e02"), ("board_serial", "board-41-77"), ("disk_serial", "disk-93-12")]
SHOWN = [(kind, verifier.digest(kind, value)) for kind, value in PARTS]


def issued():
    """The certificate of a machine and the list of keys, of a server that is stopped by now."""
    with Server() as server:
        Line.made += 1
        ann = server.web("POST", "/accounts", {"handle": f"owner{Line.made}", "display_name": "Ann", "password": PASSWORD})["token"]
        told = [{"kind": kind, "digest": digest.hex()} for kind, digest in SHOWN]
        machine = server.web("POST", "/machines", {"name": "Vault", "components": told}, ann)["machine"]["id"]
        text = server.web("POST", f"/machines/{machine}/certificate", {"hours": 24, "components": told}, ann)["text"]
        with urllib.request.urlopen(f"http://{server.address}/.well-known/chatelaine-keys.json", timeout=20) as answer:
            return text, json.loads(answer.read()), machine


@check
def a_certificate_is_checked_when_its_server_is_stopped(line):
    text, keys, machine = issued()
    now = datetime.datetime.now(datetime.timezone.utc)
    said = lambda text=text, keys=keys, shown=SHOWN, now=now, **known: verifier.verify(text, keys, shown, now, **known)[0]
    assert said() == "good"
    assert said(text.replace("threshold: 60", "threshold: 10")) == "signature"
    assert said(now=now + datetime.timedelta(days=1, minutes=1)) == "expired"
    assert said(now=now - datetime.timedelta(hours=1)) == "clock-set-back"
    assert said(latest=now + datetime.timedelta(hours=2)) == "clock-set-back"
    assert said(revoked={machine: 1}) == "revoked" and said(revoked={machine + 1: 1}) == "good"
    other = copy.deepcopy(issued()[1])
    assert said(keys=other) == "signature", "another server's key of the same number"
    other["keys"][0]["number"] = 9
    assert said(keys=other) == "unknown-key"
    swapped = [*SHOWN[:3], ("disk_serial", verifier.digest("disk_serial", "another"))]
    assert said(shown=swapped) == "good", "a disk may be replaced"
    assert said(shown=[SHOWN[2], SHOWN[3]]) == "drifted"
    assert said(shown=SHOWN[:1]) == "one-class", "one copied part"


@check
def the_vectors_of_the_documentation_hold_in_python(line):
    page = (ROOT / "docs/certificates.md").read_text().split("<!-- vectors")[1]
    text = re.search(r"-----BEGIN CHATELAINE CERTIFICATE-----.*?-----END[^\n]*\n", page, re.S).group(0)
    public = bytes.fromhex(re.search(r"Public half.*?`([0-9a-f]{64})`", page).group(1))
    rows = re.findall(r"\| `(\w+)` \| `[^`]*` \| `([^`]*)` \| `([0-9a-f]{32})` \|", page)
    assert len(rows) == 9 and all(verifier.digest(kind, value).hex() == digest for kind, value, digest in rows)
    keys = {"server": "c4" * 16, "keys": [{"number": 1, "public": verifier.base64.b64encode(public).decode(), "trusted_until": None}]}
    shown = [(kind, bytes.fromhex(digest)) for kind, _, digest in rows]
    assert verifier.verify(text, keys, shown, verifier.moment("2027-01-15T09:00:00.000000Z")) == ("good", 100)
    assert verifier.verify(text, keys, shown[:6] + shown[7:], verifier.moment("2027-01-15T09:00:00.000000Z")) == ("good", 91)
