"""The real binary on a folder of its own, Python's gRPC talking to it, and the book of checks.

The stubs are made from our own .proto files right before, so that what they say is what another stack understands.
"""

import contextlib
import importlib
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

import grpc
from google.protobuf import message_factory

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROTO = ROOT / "src/dialects/ourchat/pb/proto"
MADE = ROOT / "target/clients"
BINARY = pathlib.Path(os.environ.get("CHATELAINE_BIN", ROOT / "target/debug/chatelaine"))
PASSWORD = "quiet lanterns over nine rivers"
# No answer takes this long; what hangs shall not hang for ever.
PATIENCE_S = 30


def make_stubs():
    """Python's stubs of every .proto file, where Python finds them."""
    out = MADE / "python"
    out.mkdir(parents=True, exist_ok=True)
    protos = sorted(str(path) for path in PROTO.rglob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}"]
    subprocess.run(command + protos, check=True)
    sys.path.insert(0, str(out))


def make_web_stubs(plugin):
    """The stubs for a page; the folder in which they are."""
    out = MADE / "typescript"
    out.mkdir(parents=True, exist_ok=True)
    protos = sorted(str(path) for path in PROTO.rglob("*.proto"))
    made = [f"--plugin=protoc-gen-ts={plugin}", f"--ts_out={out}"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *made, *protos], check=True)
    return out


class Server:
    """The program, started on port 0, ended by its number."""

    has_chief = False

    def __init__(self, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="chatelaine-clients-")
        folder = pathlib.Path(self.folder.name)
        ready = folder / "ready.json"
        self.printed = folder / "printed"
        self.data = folder / "data"
        command = [str(BINARY), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--ready-file", str(ready)]
        # Nobody waits for the goodbyes of clients that are done.
        usual = {"rate_limit.enabled": "false", "listen.stop_grace_s": "100ms"}
        for name, value in {**usual, **settings}.items():
            command += ["--set", f"{name}={value}"]
        with open(self.printed, "wb") as printed:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while not ready.exists():
            if self.child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server does not start:\n{self.printed.read_text()}")
            time.sleep(0.02)
        self.address = json.loads(ready.read_text())["address"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.folder.cleanup()

    def setup_token(self):
        return re.search(r"#/setup\?token=([\w-]+)", self.printed.read_text()).group(1)

    def web(self, method, path, body=None, token=None):
        """A call of our own API."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        ask = urllib.request.Request(f"http://{self.address}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(ask, timeout=PATIENCE_S) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def channel(self, kind):
        """A connection in the clear, or by TLS with nothing trusted but the server's own authority."""
        if kind == "h2c":
            return grpc.insecure_channel(self.address)
        authority = (self.data / "tls/ca.pem").read_bytes()
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(authority))


# Where each service's stub is.
SERVICES = {
    "auth": ("service.auth.v1.auth", "AuthService"),
    "basic": ("service.basic.v1.basic", "BasicService"),
    "chat": ("service.ourchat.v1.ourchat", "OurChatService"),
    "manage": ("service.server_manage.v1.server_manage", "ServerManageService"),
}


class Service:
    """One service for one caller: `service.SendMsg(session_id=1, ...)` makes the request and calls."""

    def __init__(self, channel, which, token=None):
        module, name = SERVICES[which]
        self._descriptor = importlib.import_module(f"{module}_pb2").DESCRIPTOR.services_by_name[name]
        self._stub = getattr(importlib.import_module(f"{module}_pb2_grpc"), f"{name}Stub")(channel)
        self._metadata = [("authorization", f"Bearer {token}")] if token else []

    def request(self, rpc, **fields):
        return message_factory.GetMessageClass(self._descriptor.methods_by_name[rpc].input_type)(**fields)

    def raw(self, rpc, message, metadata=None, timeout=PATIENCE_S):
        return getattr(self._stub, rpc)(message, metadata=self._metadata if metadata is None else metadata, timeout=timeout)

    def later(self, rpc, **fields):
        """The call without waiting for its end."""
        return getattr(self._stub, rpc).future(self.request(rpc, **fields), metadata=self._metadata, timeout=PATIENCE_S)

    def __getattr__(self, rpc):
        return lambda **fields: self.raw(rpc, self.request(rpc, **fields))


class Line:
    """A connection with a server behind it, of one kind."""

    made = 0

    def __init__(self, server, kind):
        self.server, self.kind = server, kind
        self.channel = server.channel(kind)
        self.auth, self.basic = Service(self.channel, "auth"), Service(self.channel, "basic")

    def person(self, name="Ann"):
        """Somebody new. Names are not unique, addresses are."""
        return Person(self, name)

    def people(self, *names):
        return [self.person(name) for name in names]


class Person:
    """Somebody with a token; registers by this line unless one is given."""

    password = PASSWORD

    def __init__(self, line, name, signed=None):
        from keyring import KEY

        Line.made += 1
        self.line, self.name, self.key = line, name, KEY
        self.email = f"{name.lower()}.{Line.made}@example.org"
        # As clients do: what happened before they came is not asked for.
        self.since = None if signed else line.basic.Timestamp().timestamp
        made = signed or line.auth.Register(email=self.email, password=PASSWORD, name=name, public_key=KEY.pkcs1)
        self.id, self.ocid, self.token = made.id, made.ocid, made.token
        self.chat, self.manage = Service(line.channel, "chat", self.token), Service(line.channel, "manage", self.token)

    def session(self, *others, **fields):
        """A session of this person with the others let in."""
        made = self.chat.NewSession(**{"name": "kitchen", **fields}).session_id
        for other in others:
            self.chat.AllowUserJoinSession(session_id=made, user_id=other.id, accepted=True)
        return made

    def say(self, session, text, **fields):
        return self.chat.SendMsg(session_id=session, markdown_text=text, **fields)

    def befriend(self, other):
        """Becomes friends; the session of the two."""
        self.chat.AddFriend(friend_id=other.id)
        return other.chat.AcceptFriendInvitation(friend_id=self.id, status=1).session_id

    def listen(self, since=None, **fields):
        time_of = self.since if since is None else since
        return Ears(self.chat.raw("FetchMsgs", self.chat.request("FetchMsgs", time=time_of, **fields), timeout=120))

    def on_the_web(self):
        """The same person's token for our own API."""
        signed = self.line.server.web("POST", "/logins", {"account": self.email, "password": PASSWORD})
        return signed["token"]


def chief(line):
    """The administrator of the server, made when first asked for and signed in anew each time."""
    if not line.server.has_chief:
        account = {"handle": "chief", "display_name": "Chief", "password": PASSWORD}
        line.server.web("POST", "/setup", {"token": line.server.setup_token(), **account})
        line.server.has_chief = True
    return Person(line, "Chief", line.auth.Auth(ocid="chief", password=PASSWORD))


class Ears:
    """An open stream of events, read on the side so that a test can wait for the next one and give up."""

    def __init__(self, call):
        self.call, self._heard = call, queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        try:
            for event in self.call:
                self._heard.put(event)
        except grpc.RpcError as end:
            self._heard.put(end)

    def next(self):
        event = self._heard.get(timeout=PATIENCE_S)
        if isinstance(event, grpc.RpcError):
            raise event
        return event

    def until(self, msg_id):
        """All events up to this one."""
        heard = [self.next()]
        while heard[-1].msg_id != msg_id:
            heard.append(self.next())
        return heard

    def kind(self, wanted):
        """The next event of this kind; others are passed over."""
        while True:
            event = self.next()
            if event.WhichOneof("respond_event_type") == wanted:
                return event

    def close(self):
        self.call.cancel()


def refused(call, code, text):
    """The call must fail with this code and text, to the letter, and with the seed's number beside a bad argument."""
    try:
        answer = call()
        if hasattr(answer, "__next__"):
            answer = list(answer)
    except grpc.RpcError as error:
        assert (error.code().name, error.details()) == (code, text), f"{error.code().name} {error.details()!r}, not {code} {text!r}"
        ids = [value for name, value in error.trailing_metadata() or () if name == "ourchat-code-id"]
        assert ids == (["333"] if code == "INVALID_ARGUMENT" else []), f"ourchat-code-id: {ids}"
        return error
    raise AssertionError(f"not refused but answered: {answer}")


CHECKS = []


def check(function=None, /, **settings):
    """Puts a function into the book; its name says what it proves. It is run once for each kind of connection, against a server with
    these settings; those with the same share one."""
    if function is None:
        return lambda function: check_with(function, settings)
    return check_with(function, {})


def check_with(function, settings):
    CHECKS.append((function.__name__.replace("_", " "), function, {name.replace("__", "."): value for name, value in settings.items()}))
    return function


def run(kinds, wanted=""):
    """Runs all checks; the names of those that passed and the number of those that failed."""
    passed, failed = [], 0
    with contextlib.ExitStack() as open_until_done:
        servers, lines = {}, {}
        for kind in kinds:
            for name, function, settings in CHECKS:
                full = f"{kind}: {name}"
                if wanted not in full:
                    continue
                try:
                    key = json.dumps(settings)
                    if key not in servers:
                        servers[key] = open_until_done.enter_context(Server(**settings))
                    if (kind, key) not in lines:
                        lines[kind, key] = Line(servers[key], kind)
                    function(lines[kind, key])
                    passed.append(full)
                except Exception:
                    failed += 1
                    print(f"FAILED {full}\n{traceback.format_exc()}", flush=True)
        for line in lines.values():
            line.channel.close()
    return passed, failed
