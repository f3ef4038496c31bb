"""Sessions: opening, inviting, asking to be let in, roles, what may be set, and being put out."""

from stack import Line, check, refused

SESSION_ID, NAME, AVATAR, CREATED, UPDATED, MEMBERS, ROLES, SIZE, DESCRIPTION = range(1, 10)
MEMBER, ADMIN, OWNER = 1, 2, 3
NOBODY = 10**15
DENIED = ("PERMISSION_DENIED", "Permission Denied")


def members(who, session):
    return sorted(who.chat.GetSessionInfo(session_id=session, query_values=[MEMBERS]).members)


@check
def a_new_session_takes_friends_in_invites_others_and_names_whom_it_could_not(line):
    ann, bob, cid = line.people("Ann", "Bob", "Cid")
    ann.befriend(bob)
    ears = cid.listen()
    made = ann.chat.NewSession(members=[bob.id, cid.id, NOBODY, ann.id], name="kitchen", leave_message="come in")
    assert [(one.id, one.reason) for one in made.failed_members] == [(NOBODY, 1)]
    session = made.session_id
    assert 0 < session < 2**53 and members(ann, session) == sorted([ann.id, bob.id])
    invited = ears.next()
    told = invited.invite_user_to_session
    assert (told.session_id, told.inviter_id, told.leave_message) == (session, ann.id, "come in")
    assert 0 < told.expire_timestamp.seconds - invited.time.seconds - 3 * 86_400 + 60 < 120
    own = ann.listen()
    cid.chat.AcceptJoinSessionInvitation(session_id=session, accepted=True, inviter_id=ann.id)
    answer = own.kind("accept_session_approval").accept_session_approval
    assert (answer.session_id, answer.invitee_id, answer.accepted) == (session, cid.id, True)
    assert not answer.HasField("public_key"), "nobody needs it in a session that is not encrypted"
    assert members(cid, session) == sorted([ann.id, bob.id, cid.id])
    again = {"session_id": session, "accepted": True, "inviter_id": ann.id}
    refused(lambda: cid.chat.AcceptJoinSessionInvitation(**again), "NOT_FOUND", "Session Invitation Not Found")
    ears.close()
    own.close()


@check
def a_session_is_known_to_all_and_its_people_to_members(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session(bob)
    seen = eve.chat.GetSessionInfo(session_id=session, query_values=[SESSION_ID, NAME, AVATAR, CREATED, SIZE, DESCRIPTION])
    assert (seen.session_id, seen.name, seen.avatar_key, seen.size) == (session, "kitchen", "", 2)
    assert not seen.HasField("description") and seen.created_time.seconds > 0
    roles = bob.chat.GetSessionInfo(session_id=session, query_values=[ROLES]).roles
    assert {one.user_id: one.role for one in roles} == {ann.id: OWNER, bob.id: MEMBER}
    for value in (MEMBERS, ROLES):
        refused(lambda: eve.chat.GetSessionInfo(session_id=session, query_values=[NAME, value]), *DENIED)
    refused(lambda: eve.chat.GetSessionInfo(session_id=session, query_values=[77]), "INVALID_ARGUMENT", "Request Invalid Value")
    refused(lambda: eve.chat.GetSessionInfo(session_id=NOBODY, query_values=[MEMBERS]), "NOT_FOUND", "Session Not Found")


@check
def each_fact_of_a_session_is_set_by_who_may(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    ann.chat.SetSessionInfo(session_id=session, name="cellar", description="cool")
    seen = bob.chat.GetSessionInfo(session_id=session, query_values=[NAME, DESCRIPTION])
    assert (seen.name, seen.description) == ("cellar", "cool")
    for fields, text in [
        ({"name": "x", "description": "x", "avatar_key": "x"}, "Cannot Set Name"),
        ({"description": "x", "avatar_key": "x"}, "Cannot Set Description"),
        ({"avatar_key": "x"}, "Cannot Set Avatar"),
    ]:
        refused(lambda: bob.chat.SetSessionInfo(session_id=session, **fields), "PERMISSION_DENIED", text)
    bob.chat.SetSessionInfo(session_id=session)
    refused(lambda: ann.chat.SetSessionInfo(session_id=session, name="x" * 201), "INVALID_ARGUMENT", "Request Invalid Value")


@check
def who_asks_to_be_let_in_is_heard_by_who_may_answer(line):
    ann, bob, cid = line.people("Ann", "Bob", "Cid")
    session = ann.session(cid)
    owner, asks = ann.listen(), bob.listen()
    bob.chat.JoinSession(session_id=session, leave_message="may I?")
    told = owner.kind("join_session_approval").join_session_approval
    assert (told.session_id, told.user_id, told.leave_message) == (session, bob.id, "may I?")
    answer = {"session_id": session, "user_id": bob.id, "accepted": True}
    refused(lambda: cid.chat.AllowUserJoinSession(**answer), *DENIED)
    ann.chat.AllowUserJoinSession(**answer)
    told = asks.kind("allow_user_join_session_notification").allow_user_join_session_notification
    assert (told.session_id, told.accepted) == (session, True)
    assert bob.id in members(ann, session)
    refused(lambda: ann.chat.AllowUserJoinSession(**answer), "ALREADY_EXISTS", "User Already In Session")
    refused(lambda: ann.chat.AllowUserJoinSession(**{**answer, "user_id": NOBODY}), "NOT_FOUND", "User Not Found")
    refused(lambda: bob.chat.JoinSession(session_id=NOBODY), "NOT_FOUND", "Session Not Found")
    owner.close()
    asks.close()


@check
def members_invite_and_strangers_do_not(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session()
    refused(lambda: eve.chat.InviteUserToSession(session_id=session, invitee=bob.id), *DENIED)
    refused(lambda: ann.chat.InviteUserToSession(session_id=NOBODY, invitee=bob.id), "NOT_FOUND", "Session Not Found")
    failed = ann.chat.InviteUserToSession(session_id=session, invitee=NOBODY).failed_member
    assert (failed.id, failed.reason) == (NOBODY, 1)
    assert not ann.chat.InviteUserToSession(session_id=session, invitee=bob.id, leave_message="do").HasField("failed_member")
    bob.chat.AcceptJoinSessionInvitation(session_id=session, accepted=False, inviter_id=ann.id)
    assert members(ann, session) == [ann.id]
    ann.chat.InviteUserToSession(session_id=session, invitee=bob.id)
    bob.chat.AcceptJoinSessionInvitation(session_id=session, accepted=True, inviter_id=ann.id)
    assert members(ann, session) == sorted([ann.id, bob.id])
    refused(lambda: ann.chat.InviteUserToSession(session_id=session, invitee=bob.id), "ALREADY_EXISTS", "User Already In Session")


@check
def roles_are_read_made_given_and_hold_at_once(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session(bob)
    built_in = {1: ("member", [1, 2]), 2: ("admin", [1, 2, 3, 4, 5, 11, 12, 13, 14]), 3: ("owner", list(range(1, 15)))}
    for role, (name, permissions) in built_in.items():
        seen = eve.chat.GetRole(role_id=role)
        assert (seen.name, sorted(seen.permissions), seen.HasField("session_id")) == (name, permissions, False)
    made = ann.chat.AddRole(session_id=session, name="porter", description="carries", permissions=[1, 6, 6]).role_id
    assert made > OWNER
    seen = bob.chat.GetRole(role_id=made)
    assert (seen.name, seen.description, list(seen.permissions), seen.session_id) == ("porter", "carries", [1, 6], session)
    refused(lambda: eve.chat.GetRole(role_id=made), "PERMISSION_DENIED", "Not In Session")
    refused(lambda: eve.chat.GetRole(role_id=NOBODY), "NOT_FOUND", "Role Not Found")
    refused(lambda: bob.chat.AddRole(session_id=session, name="x"), *DENIED)
    refused(lambda: ann.chat.AddRole(session_id=session, name=" "), "INVALID_ARGUMENT", "Role Name Empty")
    refused(lambda: ann.chat.AddRole(session_id=session, name="x", permissions=[99]), "INVALID_ARGUMENT", "Request Invalid Value")
    refused(lambda: bob.chat.SetSessionInfo(session_id=session, name="x"), "PERMISSION_DENIED", "Cannot Set Name")
    refused(lambda: bob.chat.SetRole(session_id=session, role_id=made, member_id=bob.id), *DENIED)
    ann.chat.SetRole(session_id=session, role_id=made, member_id=bob.id)
    bob.chat.SetSessionInfo(session_id=session, name="porch")
    refused(lambda: ann.chat.SetRole(session_id=session, role_id=made, member_id=eve.id), "NOT_FOUND", "User Not In Session")
    refused(lambda: ann.chat.SetRole(session_id=session, role_id=NOBODY, member_id=bob.id), "NOT_FOUND", "Role Not Found")


@check
def who_is_muted_is_told_so_until_it_is_lifted(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    refused(lambda: bob.chat.MuteUser(session_id=session, user_ids=[ann.id]), *DENIED)
    for users, speaker in [([bob.id], bob), ([], ann)]:
        ann.chat.MuteUser(session_id=session, user_ids=users, duration={"seconds": 600})
        refused(lambda: speaker.say(session, "x"), "PERMISSION_DENIED", "User Muted")
        ann.chat.UnmuteUser(session_id=session, user_ids=users)
        speaker.say(session, "x")
    refused(lambda: ann.chat.UnmuteUser(session_id=session, user_ids=[bob.id]), "NOT_FOUND", "User Not Be Muted")
    refused(lambda: ann.chat.MuteUser(session_id=session, user_ids=[bob.id], duration={"seconds": 0}), "INVALID_ARGUMENT", "Request Invalid Value")


@check
def who_is_banned_is_out_and_stays_out_until_it_is_lifted(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    ann.chat.BanUser(session_id=session, user_ids=[bob.id])
    assert members(ann, session) == [ann.id]
    refused(lambda: bob.say(session, "x"), "PERMISSION_DENIED", "User Not In Session")
    refused(lambda: bob.chat.JoinSession(session_id=session), "PERMISSION_DENIED", "User Banned")
    refused(lambda: bob.chat.UnbanUser(session_id=session, user_ids=[bob.id]), *DENIED)
    ann.chat.UnbanUser(session_id=session, user_ids=[bob.id])
    refused(lambda: ann.chat.UnbanUser(session_id=session, user_ids=[bob.id]), "NOT_FOUND", "User Not Be Banned")
    bob.chat.JoinSession(session_id=session)


@check
def who_is_kicked_may_come_back_and_the_last_to_leave_ends_the_session(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session = ann.session(bob)
    refused(lambda: bob.chat.KickUser(session_id=session, user_id=ann.id), *DENIED)
    ann.chat.KickUser(session_id=session, user_id=bob.id)
    refused(lambda: ann.chat.KickUser(session_id=session, user_id=eve.id), "NOT_FOUND", "User Not In Session")
    ann.chat.AllowUserJoinSession(session_id=session, user_id=bob.id, accepted=True)
    refused(lambda: eve.chat.LeaveSession(session_id=session), "NOT_FOUND", "User Not In Session")
    for one in (ann, bob):
        one.chat.LeaveSession(session_id=session)
    refused(lambda: ann.chat.GetSessionInfo(session_id=session), "NOT_FOUND", "Session Not Found")
    refused(lambda: ann.chat.KickUser(session_id=session, user_id=bob.id), "NOT_FOUND", "Session Not Found")


@check
def a_session_is_deleted_by_its_owner_alone(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    refused(lambda: bob.chat.DeleteSession(session_id=session), *DENIED)
    ann.chat.DeleteSession(session_id=session)
    refused(lambda: ann.chat.DeleteSession(session_id=session), "NOT_FOUND", "Session Not Found")
    refused(lambda: bob.say(session, "x"), "PERMISSION_DENIED", "User Not In Session")
