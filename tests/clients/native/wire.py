"""What the wire itself promises: reflection, unknown methods, the size of a message, tokens, many calls at once."""

import base64
import hmac
import json
import time

import grpc
from grpc_reflection.v1alpha import reflection_pb2

from stack import PROTO, check, refused

BIG = 2**64 - 1


@check
def reflection_lists_the_four_services_and_describes_each_file(line):
    # The messages of the older name are the same on the wire; the server answers to the newer name alone.
    ask = line.channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    asked = [reflection_pb2.ServerReflectionRequest(list_services="")]
    asked += [reflection_pb2.ServerReflectionRequest(file_by_filename=name) for name in files]
    listed, *described = ask(iter(asked), timeout=30)
    names = {service.name for service in listed.list_services_response.service}
    ours = {f"service.{name}" for name in ("auth.v1.AuthService", "basic.v1.BasicService", "ourchat.v1.OurChatService", "server_manage.v1.ServerManageService")}
    assert ours <= names, names
    assert len(described) == len(files) == 58
    assert all(answer.HasField("file_descriptor_response") for answer in described)


@check
def an_unknown_method_and_an_unknown_service_are_unimplemented(line):
    for path in ["/service.ourchat.v1.OurChatService/Nothing", "/service.ourchat.v9.OurChatService/SendMsg", "/nothing/Nothing"]:
        call = line.channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
        try:
            call(b"", timeout=30)
            raise AssertionError("answered")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


@check
def a_message_of_four_mebibytes_is_taken_and_a_larger_one_is_out_of_range(line):
    ann = line.person()
    limit = 4 << 20
    upload = ann.chat.StartUpload(hash=b"", size=limit * 2).upload_id
    empty = len(ann.chat.request("UploadChunk", upload_id=upload, chunk_data=b"x" * limit).SerializeToString()) - limit
    taken = ann.chat.UploadChunk(upload_id=upload, chunk_data=b"x" * (limit - empty))
    assert taken.bytes_received == limit - empty
    try:
        ann.chat.UploadChunk(upload_id=upload, chunk_data=b"x" * (limit - empty + 1))
        raise AssertionError("taken")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.OUT_OF_RANGE, error
    ann.chat.CancelUpload(upload_id=upload)


@check
def every_flaw_of_a_token_has_its_own_words(line):
    ann = line.person()
    ask = ann.chat.request("GetAccountInfo")
    head, body, _ = ann.token.split(".")
    forged = hmac.digest(b"guess", f"{head}.{body}".encode(), "sha256")
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(forged).decode().rstrip('=')}"
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    for header, code, text in [
        (None, "UNAUTHENTICATED", "Token Missing"),
        (ann.token, "UNAUTHENTICATED", "Correct format is Authorization: Bearer <jwt>"),
        (f"Bearer {ann.token} more", "UNAUTHENTICATED", "Correct format is Authorization: Bearer <jwt>"),
        (f"bearer {ann.token}", "UNAUTHENTICATED", "Only Support Bearer"),
        ("Bearer nonsense", "UNAUTHENTICATED", "Token Invalid"),
        (f"Bearer {forged}", "UNAUTHENTICATED", "Token Invalid"),
        (f"Bearer {none}.{body}.", "UNAUTHENTICATED", "Token Invalid"),
    ]:
        metadata = [("authorization", header)] if header else []
        refused(lambda: ann.chat.raw("GetAccountInfo", ask, metadata=metadata), code, text)
        refused(lambda: ann.manage.raw("GetConfig", ann.manage.request("GetConfig"), metadata=metadata), code, text)


@check
def a_token_names_the_account_and_ends_in_five_days(line):
    ann = line.person()
    head, body, _ = (base64.urlsafe_b64decode(part + "==") for part in ann.token.split("."))
    assert json.loads(head) == {"typ": "JWT", "alg": "HS256"}, head
    claims = json.loads(body)
    assert claims.keys() == {"id", "exp"} and claims["id"] == ann.id, claims
    assert abs(claims["exp"] - time.time() - 5 * 86_400) < 60, claims


@check
def the_largest_number_is_found_nowhere_and_breaks_nothing(line):
    ann = line.person()
    refused(lambda: ann.chat.GetAccountInfo(id=BIG), "NOT_FOUND", "User Not Found")
    refused(lambda: ann.chat.GetSessionInfo(session_id=BIG), "NOT_FOUND", "Session Not Found")
    refused(lambda: ann.say(BIG, "x"), "PERMISSION_DENIED", "User Not In Session")
    refused(lambda: ann.chat.AddFriend(friend_id=BIG), "NOT_FOUND", "User Not Found")
    refused(lambda: ann.chat.GetRole(role_id=BIG), "NOT_FOUND", "Role Not Found")
    refused(lambda: ann.chat.JoinRoom(room_id=BIG), "NOT_FOUND", "WebRTC Room Not Found")
    session = ann.session()
    refused(lambda: ann.chat.RecallMsg(session_id=session, msg_id=BIG), "NOT_FOUND", "Message Not Found")


@check
def two_hundred_calls_at_once_share_one_connection(line):
    ann = line.person()
    calls = [ann.chat.later("GetAccountInfo", request_values=[1]) for _ in range(200)]
    assert {call.result().ocid for call in calls} == {ann.ocid}


@check
def a_call_that_its_client_gives_up_leaves_the_connection_whole(line):
    ann = line.person()
    for _ in range(20):
        ann.listen().close()
    stream = ann.chat.raw("FetchMsgs", ann.chat.request("FetchMsgs", time={"seconds": 0}), timeout=0.2)
    try:
        list(stream)
        raise AssertionError("the server ended the stream")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    assert ann.chat.GetAccountInfo(request_values=[1]).ocid == ann.ocid
