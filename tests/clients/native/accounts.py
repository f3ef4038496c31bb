"""Registering, signing in, what is known of accounts, and friends."""

import time

from keyring import KEY, Key
from stack import PASSWORD, Line, check, refused

OCID, EMAIL, NAME, DISPLAY_NAME, STATUS, AVATAR, REGISTERED, PUBLIC_UPDATED, UPDATED, SESSIONS, FRIENDS = range(1, 12)


def fresh_address():
    Line.made += 1
    return f"new.{Line.made}@example.org"


@check
def anybody_may_ask_who_the_server_is_and_what_time_it_has(line):
    now = line.basic.Timestamp().timestamp.ToNanoseconds() / 1e9
    assert abs(now - time.time()) < 5, now
    info = line.basic.GetServerInfo()
    assert info.status == 0, "the number that clients show as online"
    assert len(info.unique_identifier) == 36 and info.server_name, info
    line.basic.Ping()
    assert list(line.basic.GetPresetUserStatus().contents) == []
    assert not line.basic.Support().HasField("support_page")
    voip = line.basic.GetVoipConfig()
    assert (voip.turn_enabled, voip.turn_ttl) == (False, 86_400), voip


@check
def who_registers_gets_a_name_a_number_and_a_token_that_works_at_once(line):
    ann = line.person()
    assert len(ann.ocid) == 10 and ann.ocid.isalnum() and ann.ocid.isascii(), ann.ocid
    assert 0 < ann.id < 2**53
    assert line.basic.GetId(ocid=ann.ocid).id == ann.id
    assert ann.chat.GetAccountInfo(request_values=[OCID]).ocid == ann.ocid
    refused(lambda: line.basic.GetId(ocid="no such name"), "NOT_FOUND", "User Not Found")


@check
def keys_are_taken_in_three_forms_and_refused_in_others(line):
    def register(key):
        return line.auth.Register(email=fresh_address(), password=PASSWORD, name="Ann", public_key=key)

    for key in (KEY.pkcs1, KEY.spki, KEY.pem):
        assert register(key).id > 0
    for key in (b"", KEY.pem_pkcs1, KEY.pkcs1[:-1], b"\x30" * 64, Key(1024).pkcs1):
        refused(lambda: register(key), "INVALID_ARGUMENT", "Public Key Is Invalid")


@check
def registering_is_refused_in_the_order_of_the_protocol(line):
    good = {"email": fresh_address(), "password": PASSWORD, "name": "Ann", "public_key": KEY.pkcs1}
    steps = [
        ("password", "abc", "Password Is Not Strong Enough"),
        ("email", "nobody", "Email Address Is Invalid"),
        ("name", " ", "Username Is Invalid"),
        ("public_key", b"x", "Public Key Is Invalid"),
    ]
    bad = {**good, **{field: value for field, value, _ in steps}}
    for field, _, text in steps:
        refused(lambda: line.auth.Register(**bad), "INVALID_ARGUMENT", text)
        bad[field] = good[field]
    refused(lambda: line.auth.Register(**{**good, "name": "x" * 61}), "INVALID_ARGUMENT", "Username Is Invalid")
    line.auth.Register(**good)
    refused(lambda: line.auth.Register(**good), "ALREADY_EXISTS", "User Already Exists")


@check
def an_account_signs_in_by_ocid_and_by_address(line):
    ann = line.person()
    for account in ({"ocid": ann.ocid}, {"email": ann.email}):
        signed = line.auth.Auth(password=PASSWORD, **account)
        assert (signed.id, signed.ocid) == (ann.id, ann.ocid) and signed.token.count(".") == 2
    refused(lambda: line.auth.Auth(password=PASSWORD), "INVALID_ARGUMENT", "Missing AuthType")
    refused(lambda: line.auth.Auth(ocid="nobody here", password=PASSWORD), "NOT_FOUND", "User Not Found")
    refused(lambda: line.auth.Auth(email="no.one@example.org", password=PASSWORD), "NOT_FOUND", "User Not Found")


@check
def the_sixth_wrong_password_meets_a_locked_account(line):
    ann = line.person()
    for _ in range(5):
        refused(lambda: line.auth.Auth(ocid=ann.ocid, password="wrong"), "UNAUTHENTICATED", "Wrong Password")
    for password in ("wrong", PASSWORD):
        refused(lambda: line.auth.Auth(ocid=ann.ocid, password=password), "UNAUTHENTICATED", "Account Locked")


@check
def people_read_all_of_themselves_and_what_is_public_of_others(line):
    ann, bob = line.people("Ann", "Bob")
    own = ann.chat.GetAccountInfo(request_values=range(1, 12))
    assert (own.ocid, own.email, own.user_name, own.avatar_key) == (ann.ocid, ann.email, "Ann", "")
    assert not own.HasField("display_name") and not own.HasField("status")
    assert abs(own.register_time.seconds - time.time()) < 60 and list(own.sessions) == list(own.friends) == []
    public = [OCID, NAME, DISPLAY_NAME, STATUS, AVATAR, REGISTERED, PUBLIC_UPDATED]
    seen = bob.chat.GetAccountInfo(id=ann.id, request_values=public)
    assert (seen.ocid, seen.user_name, seen.display_name) == (ann.ocid, "Ann", "") and seen.HasField("display_name")
    only = bob.chat.GetAccountInfo(id=ann.id, request_values=[NAME])
    assert [field.name for field, _ in only.ListFields()] == ["user_name"]
    for value in (EMAIL, UPDATED, SESSIONS, FRIENDS):
        refused(lambda: bob.chat.GetAccountInfo(id=ann.id, request_values=[NAME, value]), "PERMISSION_DENIED", "Permission Denied")
    refused(lambda: bob.chat.GetAccountInfo(request_values=[99]), "INVALID_ARGUMENT", "Request Invalid Value")
    refused(lambda: bob.chat.GetAccountInfo(id=10**15), "NOT_FOUND", "User Not Found")


@check
def people_change_what_is_theirs_all_or_nothing(line):
    ann, bob = line.people("Ann", "Bob")
    before = ann.chat.GetAccountInfo(request_values=[PUBLIC_UPDATED]).public_updated_time.ToNanoseconds()
    name = f"ann-{ann.id}"
    ann.chat.SetSelfInfo(user_name="Ann Lee", user_defined_status="digging", ocid=name)
    seen = bob.chat.GetAccountInfo(id=ann.id, request_values=[OCID, NAME, STATUS, PUBLIC_UPDATED])
    assert (seen.ocid, seen.user_name, seen.status) == (name, "Ann Lee", "digging")
    assert seen.public_updated_time.ToNanoseconds() > before
    for fields, code, text in [
        ({"user_name": " "}, "INVALID_ARGUMENT", "Username Is Invalid"),
        ({"user_defined_status": "x" * 129}, "INVALID_ARGUMENT", "Status Too Long"),
        ({"ocid": "x" * 51}, "INVALID_ARGUMENT", "Ocid Too Long"),
        ({"ocid": bob.ocid, "user_name": "Other", "user_defined_status": "other"}, "ALREADY_EXISTS", "Conflict"),
    ]:
        refused(lambda: ann.chat.SetSelfInfo(**fields), code, text)
    left = bob.chat.GetAccountInfo(id=ann.id, request_values=[OCID, NAME, STATUS])
    assert (left.ocid, left.user_name, left.status) == (name, "Ann Lee", "digging")


@check
def an_account_that_unregistered_keeps_its_names_and_its_tokens_say_so(line):
    ann, bob = line.people("Ann", "Bob")
    ann.chat.Unregister()
    refused(lambda: ann.chat.GetAccountInfo(), "UNAUTHENTICATED", "Account Deleted")
    again = line.auth.Auth(ocid=ann.ocid, password=PASSWORD)
    metadata = [("authorization", f"Bearer {again.token}")]
    refused(lambda: ann.chat.raw("GetAccountInfo", ann.chat.request("GetAccountInfo"), metadata), "UNAUTHENTICATED", "Account Deleted")
    taken = {"email": ann.email, "password": PASSWORD, "name": "Ann", "public_key": KEY.pkcs1}
    refused(lambda: line.auth.Register(**taken), "ALREADY_EXISTS", "User Already Exists")
    assert bob.chat.GetAccountInfo(id=ann.id, request_values=[OCID]).ocid == ann.ocid


@check
def an_invitation_makes_friends_with_a_session_of_their_own(line):
    ann, bob = line.people("Ann", "Bob")
    ears, own = bob.listen(), ann.listen()
    ann.chat.AddFriend(friend_id=bob.id, leave_message="from the market", display_name="Bobby")
    asked = ears.next()
    told = asked.new_friend_invitation_notification
    assert (told.inviter_id, told.invitee_id, told.leave_message) == (ann.id, bob.id, "from the market")
    session = bob.chat.AcceptFriendInvitation(friend_id=ann.id, status=1, leave_message="gladly").session_id
    answer = own.kind("friend_invitation_result_notification").friend_invitation_result_notification
    assert (answer.inviter_id, answer.invitee_id, answer.status, answer.session_id, answer.leave_message) == (ann.id, bob.id, 1, session, "gladly")
    mine = ann.chat.GetAccountInfo(request_values=[SESSIONS, FRIENDS])
    assert (list(mine.sessions), list(mine.friends)) == ([session], [bob.id])
    assert ann.chat.GetAccountInfo(id=bob.id, request_values=[DISPLAY_NAME]).display_name == "Bobby"
    said = ann.say(session, "hello").msg_id
    assert ears.kind("msg").msg_id == said
    replay = bob.listen()
    kinds = [event.WhichOneof("respond_event_type") for event in replay.until(said)]
    assert kinds == ["new_friend_invitation_notification", "friend_invitation_result_notification", "msg"], kinds
    refused(lambda: ann.chat.AddFriend(friend_id=bob.id), "ALREADY_EXISTS", "Friend Already Exists")
    bob.chat.DeleteFriend(friend_id=ann.id)
    refused(lambda: ann.chat.DeleteFriend(friend_id=bob.id), "NOT_FOUND", "Friend Not Found")
    refused(lambda: ann.say(session, "gone"), "PERMISSION_DENIED", "User Not In Session")
    for one in (ears, own, replay):
        one.close()


@check
def a_refused_invitation_is_used_up(line):
    ann, bob = line.people("Ann", "Bob")
    refused(lambda: bob.chat.AcceptFriendInvitation(friend_id=ann.id, status=1), "NOT_FOUND", "Friend Invitation Not Found")
    ann.chat.AddFriend(friend_id=bob.id)
    assert not bob.chat.AcceptFriendInvitation(friend_id=ann.id, status=2).HasField("session_id")
    refused(lambda: bob.chat.AcceptFriendInvitation(friend_id=ann.id, status=1), "NOT_FOUND", "Friend Invitation Not Found")
    refused(lambda: ann.chat.AddFriend(friend_id=ann.id), "INVALID_ARGUMENT", "Request Invalid Value")


@check
def a_private_name_is_seen_by_its_giver_alone_and_cleared_by_an_empty_one(line):
    ann, bob, cid = line.people("Ann", "Bob", "Cid")
    ann.chat.SetFriendInfo(id=bob.id, display_name="the baker")

    def name(who):
        return who.chat.GetAccountInfo(id=bob.id, request_values=[DISPLAY_NAME]).display_name

    assert (name(ann), name(cid)) == ("the baker", "")
    ann.chat.SetFriendInfo(id=bob.id)
    assert name(ann) == "the baker"
    ann.chat.SetFriendInfo(id=bob.id, display_name="")
    assert name(ann) == ""
    refused(lambda: ann.chat.SetFriendInfo(id=bob.id, display_name="x" * 201), "INVALID_ARGUMENT", "Request Invalid Value")
    refused(lambda: ann.chat.SetFriendInfo(id=10**15, display_name="x"), "NOT_FOUND", "User Not Found")
