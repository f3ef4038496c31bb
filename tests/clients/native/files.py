"""Files: by a stream, in numbered pieces, out again, and what breaks off."""

import hashlib
import random
import time
import urllib.request

import grpc

from stack import check, refused

DENIED = ("PERMISSION_DENIED", "Permission Denied")
PIECE = 128 << 10


def noise(length, seed):
    return random.Random(seed).randbytes(length)


def announced(body, **fields):
    return {"hash": hashlib.sha3_256(body).digest(), "size": len(body), **fields}


def messages(who, body, header=None):
    """What a client streams: the header, then the body in pieces."""
    yield who.chat.request("Upload", metadata=header or announced(body))
    for at in range(0, len(body), PIECE):
        yield who.chat.request("Upload", content=body[at : at + PIECE])


def upload(who, body, **fields):
    return who.chat.raw("Upload", messages(who, body, announced(body, **fields))).key


def download(who, key):
    return b"".join(part.data for part in who.chat.Download(key=key))


@check
def a_file_goes_up_and_comes_down_byte_by_byte_for_its_owner_alone(line):
    ann, bob = line.people("Ann", "Bob")
    body = noise(3_000_001, 1)
    key = upload(ann, body)
    assert len(key) == 84 and key.endswith(hashlib.sha3_256(body).hexdigest()) and key[:20].isalnum()
    assert download(ann, key) == body
    assert upload(ann, body) != key, "equal content has a key of its own"
    for one in (lambda: download(bob, key), lambda: bob.chat.DeleteFile(key=key), lambda: download(ann, "x" * 84)):
        refused(one, *DENIED)
    ann.chat.DeleteFile(key=key)
    refused(lambda: download(ann, key), *DENIED)
    refused(lambda: ann.chat.DeleteFile(key=key), *DENIED)
    assert download(ann, upload(ann, b"")) == b""


@check
def a_stream_that_is_not_what_it_announced_is_refused(line):
    ann = line.person()

    def ask(**fields):
        return ann.chat.request("Upload", **fields)

    head, more = ask(metadata=announced(b"abc")), ask(content=b"abc")
    for stream, code, text in [
        ([], "INVALID_ARGUMENT", "Metadata Error"),
        ([more], "INVALID_ARGUMENT", "Metadata Error"),
        ([ask()], "INVALID_ARGUMENT", "Metadata Error"),
        ([head, more, head], "INVALID_ARGUMENT", "Incorrect Order Of Uploading"),
        ([head, ask()], "INVALID_ARGUMENT", "Incorrect Order Of Uploading"),
        ([head, ask(content=b"ab")], "INVALID_ARGUMENT", "File Size Error"),
        ([head, ask(content=b"abcd")], "INVALID_ARGUMENT", "File Size Error"),
        ([head, ask(content=b"abd")], "INVALID_ARGUMENT", "File Hash Error"),
        ([ask(metadata={"hash": b"", "size": (100 << 20) + 1})], "RESOURCE_EXHAUSTED", "Storage Full"),
    ]:
        refused(lambda: ann.chat.raw("Upload", iter(stream)), code, text)


@check
def members_of_its_session_have_a_file_and_only_members_bring_one(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session(bob)
    key = upload(ann, b"for all", session_id=session)
    assert download(bob, key) == b"for all"
    refused(lambda: download(eve, key), *DENIED)
    refused(lambda: bob.chat.DeleteFile(key=key), *DENIED)
    for where in (session, 10**15):
        refused(lambda: upload(eve, b"x", session_id=where), *DENIED)
    bob.chat.LeaveSession(session_id=session)
    refused(lambda: download(bob, key), *DENIED)


@check
def pieces_come_in_any_order_again_and_by_their_owner(line):
    ann, bob = line.people("Ann", "Bob")
    body = noise(1_200_000, 2)
    begun = ann.chat.StartUpload(**announced(body))
    assert (begun.chunk_size, begun.timeout_seconds) == (524_288, 3_600)
    assert begun.upload_id.startswith(f"upload_{ann.id}_") and len(begun.upload_id.split("_")[2]) == 32
    size = begun.chunk_size
    put = lambda number, data: ann.chat.UploadChunk(upload_id=begun.upload_id, chunk_id=number, chunk_data=data).bytes_received
    assert put(90, body[2 * size :]) == len(body) - 2 * size
    assert put(7, b"wrong") == len(body) - 2 * size + 5
    assert put(7, body[size : 2 * size]) == len(body) - size
    refused(lambda: bob.chat.UploadChunk(upload_id=begun.upload_id, chunk_data=b"x"), *DENIED)
    refused(lambda: bob.chat.CompleteUpload(upload_id=begun.upload_id), *DENIED)
    refused(lambda: bob.chat.CancelUpload(upload_id=begun.upload_id), *DENIED)
    assert put(0, body[:size]) == len(body)
    key = ann.chat.CompleteUpload(upload_id=begun.upload_id).key
    assert download(ann, key) == body
    gone = ("NOT_FOUND", "Upload Session Not Found")
    refused(lambda: ann.chat.CompleteUpload(upload_id=begun.upload_id), *gone)
    for spoil, text in [(b"abcd", "File Size Error"), (b"abd", "File Hash Error")]:
        begun = ann.chat.StartUpload(**announced(b"abc"))
        ask = {"upload_id": begun.upload_id, "chunk_id": 0, "chunk_data": spoil}

        def finish():
            ann.chat.UploadChunk(**ask)
            ann.chat.CompleteUpload(upload_id=begun.upload_id)

        refused(finish, "INVALID_ARGUMENT", text)
        refused(lambda: ann.chat.UploadChunk(**ask), *gone)
    begun = ann.chat.StartUpload(**announced(b"abc"))
    ann.chat.CancelUpload(upload_id=begun.upload_id)
    refused(lambda: ann.chat.CompleteUpload(upload_id=begun.upload_id), *gone)


@check
def an_upload_that_its_client_breaks_off_leaves_nothing(line):
    ann = line.person()
    temporary = line.server.data / "blobs/tmp"
    held = len(list(temporary.iterdir()))

    def endless():
        yield ann.chat.request("Upload", metadata=announced(noise(8 << 20, 3)))
        while True:
            yield ann.chat.request("Upload", content=b"x" * 1024)
            time.sleep(0.001)

    call = ann.chat._stub.Upload.future(endless(), metadata=ann.chat._metadata, timeout=30)
    end = time.monotonic() + 20
    while len(list(temporary.iterdir())) == held:
        assert time.monotonic() < end and not call.done(), "nothing is being received"
        time.sleep(0.02)
    call.cancel()
    try:
        call.result()
        raise AssertionError("answered")
    except (grpc.FutureCancelledError, grpc.RpcError):
        pass
    while len(list(temporary.iterdir())) > held:
        assert time.monotonic() < end, "what was received stays behind"
        time.sleep(0.02)
    used = line.server.web("GET", "/files", token=ann.on_the_web())["used_bytes"]
    assert used == 0, used


@check
def a_picture_that_came_in_here_is_the_same_file_in_our_own_api(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    body = noise(40_000, 4)
    key = upload(ann, body, session_id=session)
    ann.say(session, 'look ![plan](FO://0 "plan")', involved_files=[key])
    web = bob.on_the_web()
    seen = line.server.web("GET", f"/rooms/{session}/messages", token=web)["items"][0]
    file = seen["segments"][0]["file"]
    number = file["id"] if isinstance(file, dict) else file
    ask = urllib.request.Request(f"http://{line.server.address}/api/v1/files/{number}/content", headers={"Authorization": f"Bearer {web}"})
    assert urllib.request.urlopen(ask, timeout=30).read() == body
