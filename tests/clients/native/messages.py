"""Messages, the event stream, and what people of our own API see of them."""

import concurrent.futures

from google.protobuf.timestamp_pb2 import Timestamp

from stack import check, refused


def at(event):
    return event.time.ToNanoseconds()


@check
def a_stream_replays_what_was_and_goes_on_with_what_comes(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    before = [ann.say(session, f"before {number}") for number in range(3)]
    ears = bob.listen()
    replayed = [event for event in ears.until(before[-1].msg_id) if event.HasField("msg")]
    assert [event.msg.markdown_text for event in replayed] == [f"before {number}" for number in range(3)]
    assert [(event.msg_id, at(event)) for event in replayed] == [(sent.msg_id, sent.time.ToNanoseconds()) for sent in before]
    sent = ann.say(session, "live")
    live = ears.next()
    assert (live.msg_id, at(live), live.msg.sender_id, live.msg.session_id) == (sent.msg_id, sent.time.ToNanoseconds(), ann.id, session)
    again = bob.listen()
    assert again.until(sent.msg_id)[-1] == live, "a replay shows the very same event"
    since = bob.listen(before[1].time)
    assert [event.msg.markdown_text for event in since.until(sent.msg_id)] == ["before 2", "live"]
    for one in (ears, again, since):
        one.close()


@check
def a_stream_needs_a_time_that_is_one(line):
    ann = line.person()
    refused(lambda: ann.chat.FetchMsgs(), "INVALID_ARGUMENT", "Time Missing")
    for time in (Timestamp(nanos=-1), Timestamp(nanos=1_000_000_000), Timestamp(seconds=2**62)):
        refused(lambda: ann.chat.FetchMsgs(time=time), "INVALID_ARGUMENT", "Time Format Error")


@check
def three_streams_hear_four_racing_writers_once_and_in_rising_times(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    streams = [bob.listen(), bob.listen(), ann.listen()]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda number: ann.say(session, str(number)).msg_id, range(120)))
    late = bob.listen()
    last = ann.say(session, "end").msg_id
    for ears in [*streams, late]:
        heard = [event for event in ears.until(last) if event.HasField("msg")]
        assert {event.msg_id for event in heard} == {*numbers, last} and len(heard) == 121
        times = [at(event) for event in heard]
        assert all(earlier < later for earlier, later in zip(times, times[1:]))
        ears.close()


@check
def a_recalled_message_is_told_live_and_gone_from_replays(line):
    ann, bob, eve = line.people("Ann", "Bob", "Eve")
    session, other = ann.session(bob), eve.session()
    ears = bob.listen()
    said = ann.say(session, "nonsense").msg_id
    refused(lambda: eve.chat.RecallMsg(session_id=session, msg_id=said), "PERMISSION_DENIED", "Permission Denied")
    refused(lambda: eve.chat.RecallMsg(session_id=other, msg_id=said), "NOT_FOUND", "Message Not Found")
    recall = ann.chat.RecallMsg(session_id=session, msg_id=said).msg_id
    assert recall > said
    told = ears.kind("recall")
    assert (told.msg_id, told.recall.msg_id) == (recall, said)
    replay = bob.listen()
    assert all(event.msg_id != said for event in replay.until(recall))
    refused(lambda: ann.chat.RecallMsg(session_id=session, msg_id=said), "NOT_FOUND", "Message Not Found")
    ears.close()
    replay.close()


@check
def who_may_not_send_hears_why(line):
    ann, eve = line.people("Ann", "Eve")
    session = ann.session()
    refused(lambda: eve.say(session, "x"), "PERMISSION_DENIED", "User Not In Session")
    refused(lambda: ann.say(session, "x", is_encrypted=True), "PERMISSION_DENIED", "E2EE Not On")
    assert ann.say(session, "").msg_id > 0, "an empty text is a message"


@check
def what_clients_write_comes_back_to_the_letter(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    ears = bob.listen()
    for text in ["**bold**\n\n![a](IO://0 \"t\")", "\u4f60\u597d \U0001f600", " blank ends ", "x" * 10_000]:
        sent = ann.say(session, text, involved_files=["no such key"]).msg_id
        event = ears.until(sent)[-1]
        assert (event.msg.markdown_text, list(event.msg.involved_files)) == (text, ["no such key"])
    ears.close()


@check
def a_message_is_one_message_here_and_in_our_own_api(line):
    ann, bob = line.people("Ann", "Bob")
    session = ann.session(bob)
    ears = bob.listen()
    said = ann.say(session, "from gRPC").msg_id
    web = bob.on_the_web()
    seen = line.server.web("GET", f"/rooms/{session}/messages", token=web)["items"]
    assert [one["text"] for one in seen] == ["from gRPC"], seen
    line.server.web("POST", f"/rooms/{session}/messages", {"text": "from the web"}, web)
    heard = ears.until(said)[-1:] + [ears.next()]
    assert [event.msg.markdown_text for event in heard] == ["from gRPC", "from the web"]
    assert heard[1].msg.sender_id == bob.id
    line.server.web("DELETE", f"/rooms/{session}/messages/{seen[0]['offset']}", token=ann.on_the_web())
    assert ears.next().recall.msg_id == said
    ears.close()
