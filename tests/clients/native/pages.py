"""The plain HTTP beside the rpcs, letters that prove an address, and a server that is too busy or shut."""

import email
import hashlib
import http.client
import json
import re
import socketserver
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import grpc

from stack import MADE, PASSWORD, check, refused

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
PANEL = MADE / "panel"
PANEL.mkdir(parents=True, exist_ok=True)
(PANEL / "index.html").write_text("<!doctype html>the panel")


def get(line, path, **headers):
    """Status, headers and body of a page."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://{line.server.address}{path}", headers=headers), timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


class Postbox(socketserver.StreamRequestHandler):
    """As much of SMTP as takes a letter in."""

    letters = []

    def handle(self):
        say = lambda text: self.wfile.write(f"{text}\r\n".encode())
        say("220 here")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                say("354 go on")
                body = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    body += part
                Postbox.letters.append(email.message_from_bytes(body))
                say("250 taken")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 well")


SMTP = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Postbox)
SMTP.daemon_threads = True
threading.Thread(target=SMTP.serve_forever, daemon=True).start()
MAIL = {
    "ourchat__require_email_verification": "true",
    "mail__server": "127.0.0.1",
    "mail__port": str(SMTP.server_address[1]),
    "mail__security": "none",
    "mail__from": "chat@example.org",
}


def proves(line, ann, link_of):
    """Ann signs in only after the link that she was sent is opened, which the open stream tells."""
    refused(lambda: line.auth.Auth(ocid=ann.ocid, password="wrong"), "UNAUTHENTICATED", "Email Not Verified")
    stream = line.auth.Verify(email=ann.email)
    told = []
    waiting = threading.Thread(target=lambda: told.extend(stream), daemon=True)
    waiting.start()
    end = time.monotonic() + 20
    while not (link := link_of()):
        assert time.monotonic() < end, "no link was sent"
        time.sleep(0.05)
    path = re.search(r"/v1/verify/confirm\?token=[A-Za-z0-9]{20}\b", link).group(0)
    assert told == [], "nobody has opened it yet"
    assert get(line, path)[0] == 200
    waiting.join(20)
    assert len(told) == 1, told
    assert get(line, path)[0] == 400, "once"
    assert line.auth.Auth(ocid=ann.ocid, password=PASSWORD).id == ann.id


@check
def the_status_page_is_empty_and_wrong_links_are_refused(line):
    status, headers, body = get(line, "/v1/status")
    assert (status, headers["content-length"], body) == (200, "0", b"")
    for path in ("/v1/verify/confirm", "/v1/verify/confirm?token=", "/v1/verify/confirm?token=aaaaaaaaaaaaaaaaaaaa"):
        assert get(line, path)[0] == 400, path


@check
def the_logo_and_the_pictures_of_people_are_open(line):
    ann = line.person()
    status, headers, body = get(line, "/v1/logo")
    assert (status, headers["content-type"], body[:4]) == (200, "image/png", b"\x89PNG")
    assert get(line, "/v1/logo", **{"if-none-match": headers["etag"]})[0] == 304
    path = f"/v1/avatar?user_id={ann.id}&avatar_key=x"
    assert get(line, path)[0] == 200, "a plain one for those without"
    header = {"hash": hashlib.sha3_256(GIF).digest(), "size": len(GIF)}
    parts = [ann.chat.request("Upload", metadata=header), ann.chat.request("Upload", content=GIF)]
    key = ann.chat.raw("Upload", iter(parts)).key
    ann.chat.SetSelfInfo(avatar_key=key)
    assert ann.chat.GetAccountInfo(request_values=[6]).avatar_key == key
    status, headers, body = get(line, path)
    assert (status, headers["content-type"], body) == (200, "image/gif", GIF)
    assert get(line, "/v1/avatar")[0] == get(line, "/v1/avatar?user_id=ann")[0] == 400
    status, _, body = get(line, "/v1/avatar?user_id=999999999")
    assert (status, body) == (404, b"User ID not found")


@check(ourchat__require_email_verification="true")
def without_a_mail_server_the_link_stands_in_the_log(line):
    ann = line.person()
    before = len(line.server.printed.read_text())
    proves(line, ann, lambda: re.search(r"\S+/v1/verify/confirm\?token=\w{20}", line.server.printed.read_text()[before:]) and line.server.printed.read_text()[before:])


@check(**MAIL)
def a_letter_brings_the_link_that_proves_an_address(line):
    ann = line.person()

    def link():
        for letter in Postbox.letters:
            if letter["To"] == ann.email:
                assert (letter["Subject"], letter["From"]) == ("OurChat Verification", "chat@example.org")
                texts = [part.get_payload(decode=True).decode() for part in letter.walk() if part.get_content_type() == "text/plain"]
                return texts[0]
        return None

    proves(line, ann, link)


@check(ourchat__web_panel__root=str(PANEL), ourchat__enable_matrix="true", ourchat__public_url="http://chat.example.org")
def the_panel_routes_by_itself_and_a_matrix_client_hears_where_the_server_is(line):
    for page in ("/panel", "/panel/", "/panel/login"):
        status, headers, body = get(line, page)
        assert (status, headers["content-type"], body) == (200, "text/html; charset=utf-8", b"<!doctype html>the panel"), page
    assert json.loads(get(line, "/_matrix/client/versions")[2]) == {"unstable_features": {}, "versions": ["v1.13"]}
    told = json.loads(get(line, "/.well-known/matrix/client")[2])
    assert told == {"m.homeserver": {"base_url": "http://chat.example.org/"}, "m.identity_server": None}


@check(ourchat__oauth__enable="true", ourchat__oauth__github_client_id="me", ourchat__oauth__github_client_secret="hush", ourchat__public_url="http://chat.example.org")
def signing_in_by_github_begins_there_and_refuses_what_did_not_begin_here(line):
    ask = http.client.HTTPConnection(line.server.address, timeout=30)
    ask.request("GET", "/oauth/github")
    answer = ask.getresponse()
    place = urllib.parse.urlsplit(answer.headers["location"])
    wish = {name: values[0] for name, values in urllib.parse.parse_qs(place.query).items()}
    assert (answer.status, place.hostname, place.path) == (303, "github.com", "/login/oauth/authorize")
    assert len(wish.pop("state")) == 16
    assert wish == {"client_id": "me", "redirect_uri": "http://chat.example.org/oauth/github/callback", "scope": "user:email"}
    for query in ("", "?code=x", "?state=x", "?code=x&state=aaaaaaaaaaaaaaaa"):
        assert get(line, f"/oauth/github/callback{query}")[0] == 400, query


@check(rate_limit__enabled="true", ourchat__rate_limit__num_of_burst_requests="5", ourchat__rate_limit__replenish_duration="60s")
def over_the_limit_a_call_is_unavailable_and_a_page_is_told_how_long(line):
    try:
        for _ in range(10):
            line.basic.Ping()
        raise AssertionError("no limit")
    except grpc.RpcError as error:
        # What this stack makes of a bare 429.
        assert error.code() == grpc.StatusCode.UNAVAILABLE and "429" in error.details(), error
    status, headers, body = get(line, "/v1/status")
    assert (status, headers["retry-after"]) == (429, headers["x-ratelimit-after"])
    assert body.decode() == f"Too Many Requests! Wait for {headers['retry-after']}s"
    assert headers["grpc-status"] is None


@check(ourchat__maintaining="true")
def a_server_that_starts_in_maintenance_says_so(line):
    refused(lambda: line.basic.GetServerInfo(), "UNAVAILABLE", "Server Maintaining")
    refused(lambda: line.auth.Register(), "UNAVAILABLE", "Server Maintaining")
    assert get(line, "/v1/status")[0] == 200
    assert get(line, "/v1/verify/confirm?token=x")[0] == 503
