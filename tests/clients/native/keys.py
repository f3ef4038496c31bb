"""End-to-end encryption as two clients do it, with real RSA and AES, and calls with their signals."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyring import close
from stack import check, refused

NOBODY = 10**15


def sealed(key, text):
    nonce = os.urandom(12)
    return (nonce + AESGCM(key).encrypt(nonce, text.encode(), None)).hex()


def opened(key, text):
    raw = bytes.fromhex(text)
    return AESGCM(key).decrypt(raw[:12], raw[12:], None).decode()


@check
def an_applicant_gets_the_room_key_closed_for_him_and_reads_with_it(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(e2ee_on=True)
    owner, asks = ann.listen(), bob.listen()
    key = os.urandom(32)
    bob.chat.JoinSession(session_id=session)
    told = owner.kind("join_session_approval").join_session_approval
    assert told.public_key == bob.key.pkcs1, "his key, byte for byte"
    ann.chat.AllowUserJoinSession(session_id=session, user_id=bob.id, accepted=True, room_key=close(told.public_key, key))
    told = asks.kind("allow_user_join_session_notification").allow_user_join_session_notification
    got = bob.key.open(told.room_key)
    assert got == key
    ann.say(session, sealed(key, "between us"), is_encrypted=True)
    heard = asks.kind("msg").msg
    assert heard.is_encrypted and opened(got, heard.markdown_text) == "between us"
    owner.close()
    asks.close()


@check
def an_invited_one_hands_his_key_to_the_inviter_who_sends_the_room_key(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session(e2ee_on=True)
    owner, asks = ann.listen(), bob.listen()
    key = os.urandom(32)
    ann.chat.InviteUserToSession(session_id=session, invitee=bob.id)
    asks.kind("invite_user_to_session")
    bob.chat.AcceptJoinSessionInvitation(session_id=session, accepted=True, inviter_id=ann.id)
    public = owner.kind("accept_session_approval").accept_session_approval.public_key
    closed = close(public, key)
    send = {"session_id": session, "user_id": bob.id, "room_key": closed}
    refused(lambda: eve.chat.SendRoomKey(**send), "PERMISSION_DENIED", "Permission Denied")
    refused(lambda: ann.chat.SendRoomKey(**{**send, "session_id": NOBODY}), "NOT_FOUND", "Session Not Found")
    failed = ann.chat.SendRoomKey(**{**send, "user_id": NOBODY}).failed_member
    assert (failed.id, failed.reason) == (NOBODY, 1)
    assert not ann.chat.SendRoomKey(**send).HasField("failed_member")
    told = asks.kind("receive_room_key").receive_room_key
    assert (told.session_id, told.user_id, bob.key.open(told.room_key)) == (session, ann.id, key)
    owner.close()
    asks.close()


@check
def after_somebody_left_the_next_to_write_sends_a_new_key_that_the_others_open(line):
    ann, bob, cid = line.people("Ann", "Bob", "Cid")
    session = ann.session(bob, cid, e2ee_on=True)
    ears, other = ann.listen(), bob.listen()
    cid.chat.LeaveSession(session_id=session)
    ears.until(ann.say(session, sealed(os.urandom(32), "by the old key"), is_encrypted=True).msg_id)
    assert ears.next().update_room_key.session_id == session
    wanted = ears.next().send_room_key
    assert (wanted.session_id, wanted.sender, wanted.public_key) == (session, bob.id, bob.key.pkcs1)
    key = os.urandom(32)
    ann.chat.SendRoomKey(session_id=session, user_id=bob.id, room_key=close(wanted.public_key, key))
    got = bob.key.open(other.kind("receive_room_key").receive_room_key.room_key)
    text = sealed(key, "by the new key")
    said = ann.say(session, text, is_encrypted=True).msg_id
    assert ears.next().msg_id == said, "asked once"
    heard = other.kind("msg").msg
    assert heard.is_encrypted and opened(got, heard.markdown_text) == "by the new key"
    web = line.server.web("GET", f"/rooms/{session}/messages", token=bob.on_the_web())["items"][-1]
    assert web["encrypted"] is True, web
    ears.close()
    other.close()


@check
def encryption_is_switched_by_who_may_and_once(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session(bob)
    for rpc, already in [("E2eeizeSession", "session already e2eeized"), ("Dee2eeizeSession", "session already dee2eeized")]:
        refused(lambda: getattr(ann.chat, rpc)(session_id=NOBODY), "NOT_FOUND", "Session Not Found")
        refused(lambda: getattr(eve.chat, rpc)(session_id=session), "NOT_FOUND", "User Not In Session")
        refused(lambda: getattr(bob.chat, rpc)(session_id=session), "PERMISSION_DENIED", "Permission Denied")
        getattr(ann.chat, rpc)(session_id=session)
        refused(lambda: getattr(ann.chat, rpc)(session_id=session), "ALREADY_EXISTS", already)
        if rpc == "E2eeizeSession":
            bob.say(session, "cipher", is_encrypted=True)
    refused(lambda: bob.say(session, "cipher", is_encrypted=True), "PERMISSION_DENIED", "E2EE Not On")


@check
def a_call_room_is_joined_by_invitation_looked_after_and_left(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    room = ann.chat.CreateRoom(title="standup").room_id
    assert room > 0
    refused(lambda: bob.chat.JoinRoom(room_id=room), "PERMISSION_DENIED", "you must be invited to join this room")
    refused(lambda: bob.chat.GetRoomMembers(room_id=room), "PERMISSION_DENIED", "you are not in this room")
    refused(lambda: bob.chat.InviteUserToRoom(room_id=room, user_id=eve.id), "PERMISSION_DENIED", "only room admins can invite users")
    refused(lambda: bob.chat.AcceptRoomInvitation(room_id=room), "PERMISSION_DENIED", "you are not invited to this room")
    assert ann.chat.InviteUserToRoom(room_id=room, user_id=bob.id).success
    refused(lambda: ann.chat.InviteUserToRoom(room_id=room, user_id=bob.id), "ALREADY_EXISTS", "user is already invited to this room")
    assert bob.chat.AcceptRoomInvitation(room_id=room).success
    refused(lambda: bob.chat.AcceptRoomInvitation(room_id=room), "ALREADY_EXISTS", "you are already in this room")
    assert list(bob.chat.JoinRoom(room_id=room).existing_users) == [ann.id]
    told = ann.chat.GetRoomMembers(room_id=room)
    assert (sorted(told.member_ids), told.member_count) == (sorted([ann.id, bob.id]), 2)
    refused(lambda: bob.chat.PromoteRoomAdmin(room_id=room, user_id=bob.id), "PERMISSION_DENIED", "only room admins can promote other users")
    refused(lambda: ann.chat.PromoteRoomAdmin(room_id=room, user_id=eve.id), "NOT_FOUND", "user is not in the room")
    assert ann.chat.PromoteRoomAdmin(room_id=room, user_id=bob.id).success
    refused(lambda: bob.chat.DemoteRoomAdmin(room_id=room, user_id=ann.id), "PERMISSION_DENIED", "only room creator can demote admins")
    refused(lambda: ann.chat.DemoteRoomAdmin(room_id=room, user_id=ann.id), "PERMISSION_DENIED", "cannot demote room creator")
    refused(lambda: bob.chat.KickUserFromRoom(room_id=room, user_id=bob.id), "INVALID_ARGUMENT", "cannot kick yourself")
    refused(lambda: bob.chat.KickUserFromRoom(room_id=room, user_id=ann.id), "PERMISSION_DENIED", "cannot kick room creator")
    assert ann.chat.DemoteRoomAdmin(room_id=room, user_id=bob.id).success
    refused(lambda: bob.chat.KickUserFromRoom(room_id=room, user_id=ann.id), "PERMISSION_DENIED", "only room admins can kick users")
    assert ann.chat.KickUserFromRoom(room_id=room, user_id=bob.id).success
    refused(lambda: ann.chat.KickUserFromRoom(room_id=room, user_id=bob.id), "NOT_FOUND", "user is not in the room")
    for rpc in ("JoinRoom", "GetRoomMembers", "AcceptRoomInvitation"):
        refused(lambda: getattr(bob.chat, rpc)(room_id=NOBODY), "NOT_FOUND", "WebRTC Room Not Found")
    assert bob.chat.LeaveRoom(room_id=room).success and bob.chat.LeaveRoom(room_id=NOBODY).success


@check
def a_signal_is_taken_between_two_in_the_room(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    room = ann.chat.CreateRoom(open_join=True).room_id
    offer = {"room_id": room, "target_user_id": bob.id, "signal_type": 1, "sdp": "v=0"}
    refused(lambda: ann.chat.Signal(**offer), "PERMISSION_DENIED", "you are not in this room")
    bob.chat.JoinRoom(room_id=room)
    assert ann.chat.Signal(**offer).success
    assert bob.chat.Signal(room_id=room, target_user_id=ann.id, signal_type=3, ice_candidate="candidate:1").success
    refused(lambda: eve.chat.Signal(**offer), "PERMISSION_DENIED", "you are not in this room")
    refused(lambda: ann.chat.Signal(**{**offer, "sdp": ""}), "INVALID_ARGUMENT", "sdp is required for offer/answer signals")
    refused(lambda: ann.chat.Signal(**{**offer, "signal_type": 3}), "INVALID_ARGUMENT", "ice_candidate is required for ICE candidate signals")
    refused(lambda: ann.chat.Signal(**{**offer, "signal_type": 0}), "INVALID_ARGUMENT", "Signal Type Must Be Specified")
    refused(lambda: ann.chat.Signal(**{**offer, "room_id": NOBODY}), "NOT_FOUND", "WebRTC Room Not Found")
