//! Leaving for good: Unregister where the operator has accounts removed, and what others see of it in both tongues.

use chatelaine_core::{Caller, schema};
use chatelaine_ourchat::Unregister;
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request::Account};
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::{GetAccountInfoRequest, QueryValues};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType as Told;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::QueryValues as Q;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::{UnregisterRequest, UnregisterResponse};
use serde_json::json;
use tonic::{Code, Response, Status};

use super::files::{DENIED, Keeper, fails};
use super::harness::{Line, refused, registration, token_of};
use super::town::{Citizen, Town, numbers};
use super::voices::{BEGINNING, Voice, kind};
use crate::world::{PASSWORD, World};

fn town() -> Town {
    Town::of(World::with_ourchat(|_, options| options.unregister_policy = Unregister::Delete))
}

async fn unregister(by: &Citizen) -> Result<Response<UnregisterResponse>, Status> {
    by.chat().unregister(by.ask(UnregisterRequest {})).await
}

async fn look(by: &Citizen, id: Option<u64>) -> Result<Response<()>, Status> {
    let request = GetAccountInfoRequest { id, request_values: vec![QueryValues::UserName.into()] };
    by.chat().get_account_info(by.ask(request)).await.map(|_| Response::new(()))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_unregisters_is_gone_with_all_and_sessions_are_as_if_he_had_left() {
    let town = town();
    let [ann, bob, cid] = town.three();
    let group = town.session(&ann, &[&bob, &cid]).await;
    let private = ann.befriend(&bob).await;
    let alone = town.session(&ann, &[]).await;
    assert_eq!((ann.says(group, "of ann"), bob.says(group, "of bob"), bob.says(private, "to ann")), (201, 201, 201));
    let keeper =
        Keeper { line: Line::to(&town.world), token: token_of(&town.world, &ann.web), person: ann.web.clone() };
    let reader =
        Keeper { token: token_of(&town.world, &bob.web), person: bob.web.clone(), line: Line::to(&town.world) };
    let key = keeper.upload(b"of ann", Some(group)).await.expect("a key");
    assert_eq!(reader.download(&key).await.expect("a member's").0, b"of ann");
    let yard = town.session(&cid, &[]).await;
    let ban = BanUserRequest { session_id: yard, user_ids: vec![ann.id], duration: None };
    cid.chat().ban_user(cid.ask(ban)).await.expect("a stranger is banned");
    let bans = || cid.web.get(&format!("/rooms/{yard}/bans")).expect(200).json()["items"].clone();
    assert_eq!(numbers(&bans(), |item| &item["account"]["id"]), [ann.id]);
    let voice = Voice::of(&town.world, &bob.web);
    let mut ears = voice.listen(BEGINNING).await;
    unregister(&ann).await.expect("gone");

    refused(look(&ann, None).await, Code::Unauthenticated, "User Not Found");
    refused(unregister(&ann).await, Code::Unauthenticated, "User Not Found");
    refused(look(&bob, Some(ann.id)).await, Code::NotFound, "User Not Found");
    assert_eq!(ann.web.get("/me").status, 401);
    let info = bob.info(group, &[Q::Members, Q::Size, Q::Roles]).await;
    assert_eq!((info.members, info.size, info.roles.len()), (vec![bob.id, cid.id], Some(2), 2));
    assert!(!town.has_room(private) && !town.has_room(alone), "private sessions and empty ones go");
    fails(reader.download(&key).await, DENIED.0, DENIED.1);

    assert_eq!(bans(), json!([]), "nor does a ban of somebody who is gone look like one of everybody");
    assert_eq!(bob.rooms(), [group]);
    assert_eq!(bob.web.get("/friends").expect(200).json()["items"], json!([]));
    assert_eq!(bob.web.get(&format!("/accounts/{}", ann.id)).status, 404);
    let members = bob.web.get(&format!("/rooms/{group}/members")).expect(200).json();
    assert_eq!(numbers(&members["items"], |item| &item["account"]["id"]), [bob.id, cid.id]);
    let log = bob.web.get(&format!("/rooms/{group}/messages")).expect(200).json();
    assert_eq!((&log["items"][0]["text"], &log["items"][1]["text"]), (&json!(""), &json!("of bob")));
    assert!(log["items"][0]["recalled_at"].is_string(), "taken back: {log}");

    let end = voice.say(group, "end").await;
    let heard: Vec<Told> = ears.until(end).await.into_iter().map(kind).collect();
    assert!(heard.iter().any(|told| matches!(told, Told::Recall(_))), "members hear that it was taken back: {heard:?}");
    let replayed = voice.listen(BEGINNING).await.until(end).await;
    let texts: Vec<String> = replayed
        .into_iter()
        .filter_map(|event| match kind(event) {
            Told::Msg(msg) => Some(msg.markdown_text),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["of bob"], "and replays have nothing of it");
    let files = town.world.core.read(|view| schema::FILE_BY_ID.first(view, &()).expect("read"));
    assert_eq!(files, None);
    assert_ne!(town.citizen("ann").id, ann.id, "the name is free, the number is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_who_is_gone_are_free_and_sign_in_nobody() {
    let town = town();
    let line = Line::to(&town.world);
    let ada = line.user("ada").await;
    line.chat().unregister(ada.ask(UnregisterRequest {})).await.expect("gone");
    for account in [Account::Email(ada.email.clone()), Account::Ocid(ada.ocid.clone())] {
        let ask = AuthRequest { account: Some(account), password: PASSWORD.to_owned() };
        refused(line.auth().auth(ask).await, Code::NotFound, "User Not Found");
    }
    let again = line.auth().register(registration("ada")).await.expect("the address is free").into_inner();
    assert!(again.id > ada.id, "no number is given twice");
    let ask = GetAccountInfoRequest { id: None, request_values: Vec::new() };
    refused(line.chat().get_account_info(ada.ask(ask)).await, Code::Unauthenticated, "User Not Found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_go_and_loses_nothing_by_trying() {
    let town = town();
    let chief = town.administrator("chief");
    let session = town.session(&chief, &[]).await;
    refused(unregister(&chief).await, Code::PermissionDenied, "Permission Denied");
    look(&chief, None).await.expect("still there");
    assert!(town.has_room(session));
    let second = town.administrator("second");
    unregister(&chief).await.expect("there is another one");
    refused(look(&chief, None).await, Code::Unauthenticated, "User Not Found");
    refused(unregister(&second).await, Code::PermissionDenied, "Permission Denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_the_way_out_is_told_so_until_he_is_gone() {
    let town = town();
    let [ann, bob, _] = town.three();
    let group = town.session(&ann, &[&bob]).await;
    // As if the server had stopped in the middle: closed and listed, nothing else done.
    let (account, now) = (chatelaine_core::ids::AccountId::new(ann.id), town.world.core.now());
    chatelaine_core::accounts::close_other(&town.world.core, &Caller::operator(), account).expect("closed");
    let dying = chatelaine_core::accounts::DyingAccount { since: now };
    let list = move |tx: &mut chatelaine_core::Tx<'_>| Ok(schema::DYING_ACCOUNT_BY_ID.put(tx, &account, &dying)?);
    town.world.core.write(&Caller::system(), list).expect("listed");
    refused(look(&ann, None).await, Code::Unauthenticated, "Account Deleted");
    assert_eq!(bob.members(group).await, [ann.id, bob.id]);
    assert_eq!(chatelaine_core::accounts::sweep_removed(&town.world.core), Ok(1));
    refused(look(&ann, None).await, Code::Unauthenticated, "User Not Found");
    assert_eq!(bob.members(group).await, [bob.id]);
}
