//! Mutes and bans: MuteUser, UnmuteUser, BanUser, UnbanUser.

use std::time::Duration as Span;

use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::{BanUserRequest, UnbanUserRequest};
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::{MuteUserRequest, UnmuteUserRequest};
use prost_types::Duration;
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::rooms::SIZE;
use super::town::{Citizen, LATER, NOBODY, Town};

type Told = Result<Response<()>, Status>;

fn told<A>(answer: Result<Response<A>, Status>) -> Told {
    answer.map(|_| Response::new(()))
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

async fn mute(by: &Citizen, session_id: u64, users: &[u64], duration: Option<Duration>) -> Told {
    let request = MuteUserRequest { session_id, user_ids: users.to_vec(), duration };
    told(by.chat().mute_user(by.ask(request)).await)
}

async fn unmute(by: &Citizen, session_id: u64, users: &[u64]) -> Told {
    let request = UnmuteUserRequest { session_id, user_ids: users.to_vec() };
    told(by.chat().unmute_user(by.ask(request)).await)
}

async fn ban(by: &Citizen, session_id: u64, users: &[u64], duration: Option<Duration>) -> Told {
    let request = BanUserRequest { session_id, user_ids: users.to_vec(), duration };
    told(by.chat().ban_user(by.ask(request)).await)
}

async fn unban(by: &Citizen, session_id: u64, users: &[u64]) -> Told {
    let request = UnbanUserRequest { session_id, user_ids: users.to_vec() };
    told(by.chat().unban_user(by.ask(request)).await)
}

async fn join(by: &Citizen, session_id: u64) -> Told {
    let request = JoinSessionRequest { session_id, leave_message: None };
    told(by.chat().join_session(by.ask(request)).await)
}

#[tokio::test]
async fn restricting_and_lifting_need_their_right_before_anything_else() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for (who, session) in [(&bob, session), (&cid, session), (&ann, LATER), (&ann, 0), (&ann, NOBODY)] {
        for users in [&[cid.id][..], &[], &[NOBODY]] {
            for duration in [None, seconds(0)] {
                refused(mute(who, session, users, duration).await, Code::PermissionDenied, "Permission Denied");
                refused(ban(who, session, users, duration).await, Code::PermissionDenied, "Permission Denied");
            }
            refused(unmute(who, session, users).await, Code::PermissionDenied, "Permission Denied");
            refused(unban(who, session, users).await, Code::PermissionDenied, "Permission Denied");
        }
    }
    // Each right for itself.
    let (rights, names) = ([11, 12, 3, 4], ["muter", "unmuter", "banner", "unbanner"]);
    for (right, name) in rights.into_iter().zip(names) {
        let role = super::roles::own_role(&ann, session, name, &[right]).await;
        ann.give_role(session, &bob, role).await;
        let denied = |answer: &Told| answer.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied);
        let answers = [
            mute(&bob, session, &[cid.id], None).await,
            unmute(&bob, session, &[cid.id]).await,
            ban(&bob, session, &[cid.id], None).await,
            unban(&bob, session, &[cid.id]).await,
        ];
        let may: Vec<u64> =
            rights.into_iter().zip(&answers).filter(|(_, answer)| !denied(answer)).map(|(r, _)| r).collect();
        assert_eq!(may, [right]);
    }
}

#[tokio::test]
async fn a_mute_holds_for_its_time_in_both_tongues_and_a_new_one_replaces_it() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    mute(&ann, session, &[bob.id, cid.id, bob.id], seconds(10)).await.expect("muted, member or not");
    assert_eq!(bob.says(session, "x"), 403);
    ann.let_in(session, &cid).await;
    assert_eq!(cid.says(session, "x"), 403, "muted before he came");
    mute(&ann, session, &[bob.id], seconds(100)).await.expect("muted anew");
    town.world.clock.wind(Span::from_secs(10));
    assert_eq!((bob.says(session, "x"), cid.says(session, "x")), (403, 201));
    town.world.clock.wind(Span::from_secs(90));
    assert_eq!(bob.says(session, "x"), 201);
    mute(&ann, session, &[bob.id], None).await.expect("muted for ever");
    town.world.clock.wind(Span::from_secs(86_400));
    assert_eq!(bob.says(session, "x"), 403);
    unmute(&ann, session, &[bob.id]).await.expect("lifted");
    assert_eq!(bob.says(session, "x"), 201);
}

#[tokio::test]
async fn a_mute_of_everybody_holds_for_the_owner_and_for_later_comers_and_is_lifted_by_an_empty_list() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    mute(&ann, session, &[cid.id], None).await.expect("muted");
    mute(&ann, session, &[], None).await.expect("muted");
    ann.let_in(session, &cid).await;
    for one in [&ann, &bob, &cid] {
        assert_eq!(one.says(session, "x"), 403);
    }
    refused(unmute(&ann, session, &[bob.id]).await, Code::NotFound, "User Not Be Muted");
    unmute(&ann, session, &[]).await.expect("lifted");
    assert_eq!([&ann, &bob, &cid].map(|one| one.says(session, "x")), [201, 201, 403], "not the personal ones");
    refused(unmute(&ann, session, &[]).await, Code::NotFound, "User Not Be Muted");
}

#[tokio::test]
async fn a_list_is_lifted_up_to_the_first_that_does_not_hold() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let dan = town.citizen("dan");
    let session = town.session(&ann, &[&bob, &cid, &dan]).await;
    mute(&ann, session, &[bob.id, dan.id], None).await.expect("muted");
    refused(unmute(&ann, session, &[bob.id, cid.id, dan.id]).await, Code::NotFound, "User Not Be Muted");
    assert_eq!([&bob, &cid, &dan].map(|one| one.says(session, "x")), [201, 201, 403]);
    ban(&ann, session, &[bob.id, dan.id], None).await.expect("banned");
    refused(unban(&ann, session, &[bob.id, cid.id, dan.id]).await, Code::NotFound, "User Not Be Banned");
    join(&bob, session).await.expect("lifted");
    refused(join(&dan, session).await, Code::PermissionDenied, "User Banned");
    // Numbers that nobody has, 0 above all, must not be taken for everybody.
    mute(&ann, session, &[], None).await.expect("muted");
    for nobody in [0, LATER, NOBODY] {
        refused(unmute(&ann, session, &[nobody]).await, Code::NotFound, "User Not Be Muted");
        refused(unban(&ann, session, &[nobody]).await, Code::NotFound, "User Not Be Banned");
    }
    assert_eq!(ann.says(session, "x"), 403);
}

#[tokio::test]
async fn no_time_at_all_and_people_who_do_not_exist_are_refused_and_nothing_is_set() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for duration in [seconds(0), seconds(-5), Some(Duration { seconds: 0, nanos: 900_000_000 }), seconds(i64::MAX)] {
        refused(mute(&ann, session, &[bob.id], duration).await, Code::InvalidArgument, "Request Invalid Value");
        refused(ban(&ann, session, &[bob.id], duration).await, Code::InvalidArgument, "Request Invalid Value");
    }
    for nobody in [0, LATER, NOBODY] {
        refused(mute(&ann, session, &[bob.id, nobody], None).await, Code::NotFound, "User Not Found");
        refused(ban(&ann, session, &[bob.id, nobody], None).await, Code::NotFound, "User Not Found");
    }
    let crowd: Vec<u64> = (1..=100_000).collect();
    refused(ban(&ann, session, &crowd, None).await, Code::ResourceExhausted, "Limit Reached");
    refused(unban(&ann, session, &crowd).await, Code::ResourceExhausted, "Limit Reached");
    assert_eq!(bob.says(session, "x"), 201);
    assert_eq!(bob.rooms(), [session]);
}

#[tokio::test]
async fn a_ban_puts_out_and_keeps_out_until_it_ends() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    ban(&ann, session, &[bob.id, cid.id], seconds(60)).await.expect("banned, member or not");
    assert_eq!(ann.members(session).await, [ann.id]);
    assert_eq!(ann.info(session, &[SIZE]).await.size, Some(1), "a stranger's ban shrinks nothing");
    assert!(bob.rooms().is_empty());
    for one in [&bob, &cid] {
        refused(join(one, session).await, Code::PermissionDenied, "User Banned");
    }
    town.world.clock.wind(Span::from_secs(60));
    join(&cid, session).await.expect("over");
    refused(unban(&ann, session, &[bob.id]).await, Code::NotFound, "User Not Be Banned");
    ban(&ann, session, &[ann.id], None).await.expect("the last one bans himself");
    assert!(!town.has_room(session));
}

#[tokio::test]
async fn a_ban_of_everybody_removes_all_who_cannot_lift_bans_and_is_lifted_by_an_empty_list() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let dan = town.citizen("dan");
    let session = town.session(&ann, &[&bob, &cid]).await;
    ann.give_role(session, &bob, 2).await;
    ban(&bob, session, &[dan.id], None).await.expect("banned");
    ban(&bob, session, &[], None).await.expect("banned");
    assert_eq!(ann.members(session).await, [ann.id, bob.id]);
    for one in [&cid, &dan] {
        refused(join(one, session).await, Code::PermissionDenied, "User Banned");
    }
    refused(unban(&bob, session, &[cid.id]).await, Code::NotFound, "User Not Be Banned");
    unban(&bob, session, &[]).await.expect("lifted");
    join(&cid, session).await.expect("open again");
    refused(join(&dan, session).await, Code::PermissionDenied, "User Banned");
    refused(unban(&bob, session, &[]).await, Code::NotFound, "User Not Be Banned");
}

#[tokio::test]
async fn who_looks_after_a_session_restricts_nobody_above_and_nobody_in_a_private_one() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    ann.give_role(session, &bob, 2).await;
    refused(ban(&bob, session, &[ann.id], None).await, Code::PermissionDenied, "Permission Denied");
    refused(mute(&bob, session, &[ann.id], None).await, Code::PermissionDenied, "Permission Denied");
    let private = ann.befriend(&bob).await;
    refused(ban(&ann, private, &[bob.id], None).await, Code::InvalidArgument, "Request Invalid Value");
    refused(mute(&ann, private, &[], None).await, Code::InvalidArgument, "Request Invalid Value");
}
