"""AegisSpeed's protocol as its public pages tell it: JSON by Python's own HTTP, in the order in which a client asks."""

import datetime
import json
import ssl
import urllib.error
import urllib.request

from stack import PASSWORD, PATIENCE_S, Line, check

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
CHECKS = "10X98765432"
MACHINE = {
    "windows_uuid": "4C4C4544-0042-3510-8044-B4C04F4A4D32",
    "windows_product_id": "00330-80000-00000-AA000",
    "machine_os_name": "Windows",
    "machine_os_version": "10.0.22631",
    "machine_architecture": "x64",
    "machine_architecture_type": "AMD64",
    "machine_platform": "Win32",
    "machine_cpu": "Some CPU @ 3.00GHz",
    "machine_motherboard": "Some Board",
    "machine_mac_address": "00:11:22:33:44:55",
}


def number():
    """An identity number that nobody has yet."""
    Line.made += 1
    digits = f"110105{19900101 + Line.made // 1000 % 20}{Line.made % 1000:03}"
    return digits + CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS)) % 11]


def code():
    """A machine code that no machine has yet."""
    Line.made += 1
    return f"{Line.made:032x}"


class Client:
    """Asks as the pages' examples do. Every answer repeats its status, and its code is text of five digits."""

    def __init__(self, line):
        self.base = f"{'http' if line.kind == 'h2c' else 'https'}://{line.server.address}"
        self.tls = ssl.create_default_context(cafile=str(line.server.data / "tls/ca.pem")) if line.kind == "tls" else None
        self.token = None

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers, method=method), timeout=PATIENCE_S, context=self.tls) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read()
        told = json.loads(text)
        assert told["status"] == status, told
        assert "code" not in told or (isinstance(told["code"], str) and len(told["code"]) == 5), told
        return told

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def register(self, name="张三"):
        Line.made += 1
        self.user_id, self.email, self.phone = number(), f"rider.{Line.made}@example.org", f"138{Line.made:08}"
        told = self.post(
            "/user/register/register_user_info",
            {
                "user_id": self.user_id,
                "user_name": name,
                "user_phone_number": self.phone,
                "user_email": self.email,
                "user_password": PASSWORD,
            },
        )
        assert list(told) == ["status", "token", "code", "result", "data"], told
        assert told["code"] == "10000", told
        self.token, self.id = told["token"], told["data"]["user_AegisSpeed_id"]
        return self


@check
def a_client_asks_for_versions_registers_binds_its_machine_and_looks_itself_up(line):
    client = Client(line)
    assert client.get("/test/check_server_state")["server_state"] == "running"
    versions = client.get("/verify/verify_client_version_number")
    assert versions["code"] == "10000" and set(versions["data"]) == {"SERVER_VERSION", "CLIENT_VERSION", "ASAC_VERSION"}, versions
    client.register()
    machine = code()
    question = {"user_id": client.user_id, "machine_code": machine}
    free = client.post("/verify/verify_is_machine_code_available", question)
    assert (free["code"], free["result"], list(free)) == ("10000", False, ["status", "code", "info", "result"]), free
    bound = client.post("/machine/register/register_machine_info_by_aegisspeed_id", {"user_AegisSpeed_id": client.id, "machine_code": machine, **MACHINE})
    assert (bound["code"], bound["data"]["machine_code"]) == ("10000", machine), bound
    taken = client.post("/verify/verify_is_machine_code_available", question)
    assert (taken["code"], taken["result"]) == ("10002", True), taken
    again = client.post("/machine/register/register_machine_info", {"user_id": client.user_id, "machine_code": machine, **MACHINE})
    assert (again["status"], again["code"]) == (409, "10004"), again
    info = client.get("/user/info/get_user_info")["data"]
    assert info["user_name"] == "张三" and info["user_nickname"] == "None", info
    assert info["user_id"] == f"{client.user_id[:3]}***********{client.user_id[-4:]}", info
    listed = client.get("/user/info/get_user_machine_info")["data"]["machine_list"]
    assert [{name: one[name] for name in MACHINE} for one in listed] == [MACHINE], listed
    datetime.datetime.strptime(listed[0]["register_time"], "%Y-%m-%dT%H:%M:%S")
    assert client.get("/user/info/get_user_check_info")["data"] == {"check_logs": []}
    clean = client.get("/verify/verify_is_user_cheater")
    assert (clean["status"], clean["code"], clean["data"]) == (200, "10000", {}), clean


@check
def a_login_goes_by_identity_number_and_by_aegisspeed_id_in_both_spellings(line):
    client = Client(line).register("Zhang San")
    by_number = client.post("/user/login/login_user_info", {"user_id": client.user_id, "user_password": PASSWORD})
    assert (by_number["code"], by_number["data"]) == ("10000", {}), by_number
    for spelling in (client.id, client.id.lower(), f"{int(client.id[3:]):09}"):
        told = client.post("/user/login/login_user_info_by_aegisspeed_id", {"user_AegisSpeed_id": spelling, "user_password": PASSWORD})
        assert told["code"] == "10000", told
        client.token = told["token"]
        assert client.get("/user/info/get_user_info")["data"]["user_AegisSpeed_id"] == client.id
    wrong = client.post("/user/login/login_user_info", {"user_id": client.user_id, "user_password": "not the one"})
    assert (wrong["status"], wrong["code"], wrong["token"]) == (401, "10001", ""), wrong
    unknown = client.post("/user/login/login_user_info", {"user_id": number(), "user_password": PASSWORD})
    assert (unknown["status"], unknown["code"]) == (401, "10002"), unknown
    client.token = "garbage"
    assert client.get("/user/info/get_user_info")["code"] == "10001"


@check
def who_registers_here_signs_in_to_our_own_pages_and_by_ourchat(line):
    client = Client(line).register("Li Si")
    signed = line.server.web("POST", "/logins", {"account": client.email, "password": PASSWORD})
    assert signed["account"]["display_name"] == "Li Si", signed
    assert signed["account"]["id"] == int(client.id[3:]), "one number in all"
    assert line.auth.Auth(email=client.email, password=PASSWORD).id == signed["account"]["id"]


@check
def who_came_by_ourchat_gives_his_details_and_signs_in_here(line):
    ann, client = line.person("Ann"), Client(line)
    user_id = number()
    assert client.post("/user/login/login_user_info", {"user_id": user_id, "user_password": PASSWORD})["code"] == "10002"
    line.server.web("PATCH", "/me/person", {"legal_name": "Ann Li", "identity_number": user_id}, ann.on_the_web())
    told = client.post("/user/login/login_user_info", {"user_id": user_id, "user_password": PASSWORD})
    assert told["code"] == "10000", told
    client.token = told["token"]
    info = client.get("/user/info/get_user_info")["data"]
    assert (info["user_name"], info["user_nickname"], info["user_phone_number"]) == ("Ann Li", "Ann", "None"), info


@check
def everything_is_found_below_aegis_too(line):
    client = Client(line)
    client.base += "/aegis"
    client.register()
    assert client.get("/user/info/get_user_info")["code"] == "10000"
    assert client.get("/nothing")["code"] == "19007"


@check(aegis__enabled="false")
def a_server_that_does_not_speak_it_says_so_everywhere(line):
    client = Client(line)
    for method, path in [("GET", "/verify/verify_client_version_number"), ("POST", "/user/login/login_user_info"), ("GET", "/user")]:
        told = client.ask(method, path, {} if method == "POST" else None)
        assert (told["status"], told["code"]) == (403, "00000"), told
    assert client.get("/test/check_server_state") == {"status": 403, "server_state": "Server has not opened this endpoint"}
