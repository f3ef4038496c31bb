"""Looking after the server: rights, accounts, sessions, roles, announcements, maintenance, configuration, figures."""

import json
import time

from google.protobuf.timestamp_pb2 import Timestamp

from stack import Line, check, chief, refused

NOBODY = 10**15
DENIED = ("PERMISSION_DENIED", "Permission Denied")


@check
def management_is_refused_to_those_who_look_after_nothing(line):
    ann, bob = line.people("Ann", "Bob")
    for rpc, fields in [
        ("DeleteAccount", {"user_id": bob.id}),
        ("SetServerStatus", {"server_status": 2}),
        ("PublishAnnouncement", {"announcement": {"title": "x", "content": "y"}}),
        ("GetConfig", {}),
        ("SetConfig", {"content": "{}"}),
        ("ListUsers", {}),
        ("BanUser", {"user_id": bob.id}),
        ("UnbanUser", {"user_id": bob.id}),
        ("AssignServerRole", {"user_id": ann.id, "role_id": 1}),
        ("RemoveServerRole", {"user_id": bob.id, "role_id": 1}),
        ("ListSessions", {}),
    ]:
        refused(lambda: getattr(ann.manage, rpc)(**fields), *DENIED)
    assert bob.chat.GetAccountInfo(request_values=[1]).ocid == bob.ocid


@check
def accounts_are_listed_by_filter_and_page(line):
    ann, bob = line.people("Ann", "Bob")
    root = chief(line)
    listed = root.manage.ListUsers(filter={"email": ann.email[:-4].upper()})
    assert (listed.total_count, listed.page, listed.page_size) == (1, 1, 20), listed
    one = listed.users[0]
    assert (one.id, one.ocid, one.email, one.user_name, one.account_status) == (ann.id, ann.ocid, ann.email, "Ann", 0)
    page = root.manage.ListUsers(filter={"account_status": 0}, pagination={"page": 2, "page_size": 1})
    assert len(page.users) == 1 and page.total_count > 2 and page.page == 2
    ids, number = [], 0
    while number == 0 or listed.users:
        number += 1
        listed = root.manage.ListUsers(pagination={"page": number, "page_size": 50})
        ids += [user.id for user in listed.users]
    assert ids == sorted(ids) and len(set(ids)) == len(ids) == listed.total_count
    assert {ann.id, bob.id, root.id} <= set(ids)


@check
def who_is_banned_from_the_server_is_told_so_everywhere_until_it_is_lifted(line):
    ann, root = line.person(), chief(line)
    banned = ("PERMISSION_DENIED", "User Banned")
    root.manage.BanUser(user_id=ann.id, reason="noise", duration={"seconds": 3600})
    refused(lambda: ann.chat.GetAccountInfo(), *banned)
    refused(lambda: ann.manage.ListServerRoles(), *banned)
    refused(lambda: line.auth.Auth(ocid=ann.ocid, password=ann.password), *banned)
    assert root.manage.ListUsers(filter={"email": ann.email}).users[0].account_status == 2
    root.manage.UnbanUser(user_id=ann.id)
    refused(lambda: root.manage.UnbanUser(user_id=ann.id), "NOT_FOUND", "User Not Be Banned")
    signed = line.auth.Auth(ocid=ann.ocid, password=ann.password)
    assert signed.id == ann.id
    refused(lambda: root.manage.BanUser(user_id=NOBODY), "NOT_FOUND", "User Not Found")


@check
def server_roles_are_listed_given_and_taken(line):
    ann, root = line.person(), chief(line)
    roles = ann.manage.ListServerRoles().roles
    assert (roles[0].id, roles[0].name) == (1, "admin"), roles
    permissions = ann.manage.ListServerRolePermissions(role_id=1).permissions
    assert [one.id for one in permissions] == list(range(1, 10)) and permissions[0].name == "publish_announcement"
    assert not ann.manage.ListServerRolePermissions(role_id=NOBODY).permissions
    give = {"user_id": ann.id, "role_id": 1}
    root.manage.AssignServerRole(**give)
    root.manage.AssignServerRole(**give)
    assert list(ann.manage.ListUserServerRoles(user_id=ann.id).role_ids) == [1]
    ann.manage.GetConfig()
    root.manage.RemoveServerRole(**give)
    refused(lambda: ann.manage.GetConfig(), *DENIED)
    assert not ann.manage.ListUserServerRoles(user_id=ann.id).role_ids
    refused(lambda: root.manage.AssignServerRole(user_id=NOBODY, role_id=1), "NOT_FOUND", "User Not Found")
    refused(lambda: root.manage.AssignServerRole(user_id=ann.id, role_id=NOBODY), "NOT_FOUND", "Role Not Found")


@check
def sessions_are_listed_looked_into_and_ended_by_who_looks_after_them(line):
    ann, bob, root = line.person("Ann"), line.person("Bob"), chief(line)
    name = f"Attic of {ann.ocid}"
    session = ann.session(bob, name=name)
    listed = root.manage.ListSessions(filter={"session_name": name[4:]}, query_values=[1, 2, 6, 8])
    assert [(one.session_id, one.name, sorted(one.members), one.size) for one in listed.sessions] == [(session, name, sorted([ann.id, bob.id]), 2)]
    root.chat.KickUser(session_id=session, user_id=ann.id)
    assert list(root.chat.GetSessionInfo(session_id=session, query_values=[6]).members) == [bob.id]
    root.chat.DeleteSession(session_id=session)
    assert not root.manage.ListSessions(filter={"session_name": name}).sessions


@check
def an_announcement_is_heard_by_every_open_stream_and_replayed_alone(line):
    ann, bob, root = line.person("Ann"), line.person("Bob"), chief(line)
    session = ann.session(bob)
    now = line.basic.Timestamp().timestamp
    streams = [ann.listen(now), bob.listen(now), bob.listen(now, announcement_only=True)]
    ann.say(session, "between")
    text = f"news {ann.ocid}"
    said = root.manage.PublishAnnouncement(announcement={"title": "News", "content": text, "publisher_id": bob.id}).announcement
    assert (said.announcement.title, said.announcement.content, said.announcement.publisher_id) == ("News", text, root.id)
    heard = [ears.kind("announcement_response") for ears in streams]
    assert len({event.msg_id for event in heard}) == 1
    assert all(event.announcement_response == said for event in heard)
    later = bob.listen(Timestamp(), announcement_only=True)
    while (event := later.next()).msg_id != heard[0].msg_id:
        assert event.HasField("announcement_response"), "nothing but announcements"
    assert event == heard[0]
    refused(lambda: root.manage.PublishAnnouncement(), "INVALID_ARGUMENT", "Request Invalid Value")
    for ears in [*streams, later]:
        ears.close()


@check
def maintenance_shuts_everything_but_the_way_out(line):
    ann, root = line.person(), chief(line)
    shut = ("UNAVAILABLE", "Server Maintaining")
    ears = ann.listen()
    root.manage.SetServerStatus(server_status=2, reason="cleaning")
    try:
        refused(lambda: ann.chat.GetAccountInfo(), *shut)
        refused(lambda: line.basic.GetServerInfo(), *shut)
        refused(lambda: line.auth.Auth(ocid=ann.ocid, password=ann.password), *shut)
        again = chief(line)
    finally:
        root.manage.SetServerStatus(server_status=1)
    assert again.manage.GetConfig().content
    refused(lambda: root.manage.SetServerStatus(server_status=9), "INVALID_ARGUMENT", "Request Invalid Value")
    sent = ann.say(ann.session(), "the open stream went on")
    assert ears.kind("msg").msg_id == sent.msg_id
    ears.close()


@check
def the_configuration_is_shown_without_secrets_and_changed_in_parts(line):
    root = chief(line)
    shown = json.loads(root.manage.GetConfig().content)
    groups = {"main_cfg", "db_cfg", "redis_cfg", "rabbitmq_cfg", "user_setting", "http_cfg"}
    assert groups <= shown.keys(), shown.keys()
    assert "turn_password" not in json.dumps(shown) and "github_client_secret" not in json.dumps(shown)
    for content in ("{", ""):
        try:
            root.manage.SetConfig(content=content)
            raise AssertionError("taken")
        except Exception as error:
            assert error.code().name == "INVALID_ARGUMENT" and error.details().startswith("Invalid JSON: "), error
    changed = root.manage.SetConfig(content=json.dumps({"user_setting": {"support_page": "https://help.example.org"}}))
    assert (changed.success, changed.requires_restart) == (True, False)
    assert changed.message == "Configuration updated successfully. Changes applied immediately."
    assert line.basic.Support().support_page == "https://help.example.org"
    root.manage.SetConfig(content=json.dumps({"user_setting": {"support_page": ""}}))
    Line.made += 1
    later = root.manage.SetConfig(content=json.dumps({"port": 20_000 + Line.made}))
    assert (later.requires_restart, list(later.restart_reasons)) == (True, ["Field 'port' requires restart"])
    assert later.message == "Configuration updated. Server restart required for: port"


@check
def figures_are_read_by_everybody_and_notice_streams_at_once(line):
    ann = line.person()

    def streams():
        return ann.manage.GetMonitoringMetrics().metrics.active_connections

    before = streams()
    ears = ann.listen()
    end = time.monotonic() + 20
    while streams() != before + 1:
        assert time.monotonic() < end, "an open stream counts"
    ears.close()
    while streams() != before:
        assert time.monotonic() < end, "a closed one does not"
    plain = ann.manage.GetMonitoringMetrics().metrics
    assert plain.total_users > 0 and abs(plain.timestamp - time.time()) < 10
    assert not plain.HasField("cpu_usage_percent") and not plain.HasField("tokio")
    full = ann.manage.GetMonitoringMetrics(include_system_metrics=True, include_tokio_metrics=True).metrics
    assert 0 < full.memory_usage_percent <= 100 and full.tokio.HasField("runtime") and full.tokio.HasField("task")


@check
def past_figures_come_by_range_and_bad_times_are_told_apart(line):
    ann = line.person()
    points = ann.manage.GetHistoricalMetrics().data_points
    times = [point.timestamp.seconds for point in points]
    assert times == sorted(times)
    now = int(time.time())
    assert not ann.manage.GetHistoricalMetrics(start_time={"seconds": now + 60}, end_time={"seconds": now}).data_points
    bad = {"seconds": 0, "nanos": -1}
    for fields, text in [
        ({"start_time": bad}, "Invalid Start Time"),
        ({"end_time": bad}, "Invalid End Time"),
        ({"interval": {"seconds": -1}}, "Invalid Interval"),
    ]:
        refused(lambda: ann.manage.GetHistoricalMetrics(**fields), "INVALID_ARGUMENT", text)
