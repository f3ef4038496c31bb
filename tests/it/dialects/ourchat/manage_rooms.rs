//! The list of all sessions for those who look after them.

use std::time::Duration;

use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{GetSessionInfoResponse, QueryValues};
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::{
    ListSessionsRequest, ListSessionsResponse, Pagination, SessionFilter, SessionType,
};
use prost_types::Timestamp;
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::town::{Citizen, NOBODY, Town};
use crate::world::START;

const ALL: [QueryValues; 9] = [
    QueryValues::SessionId,
    QueryValues::Name,
    QueryValues::AvatarKey,
    QueryValues::CreatedTime,
    QueryValues::UpdatedTime,
    QueryValues::Members,
    QueryValues::Roles,
    QueryValues::Size,
    QueryValues::Description,
];

impl Citizen {
    async fn sessions(&self, wish: ListSessionsRequest) -> Result<Response<ListSessionsResponse>, Status> {
        self.manage().list_sessions(self.ask(wish)).await
    }

    /// The numbers of the sessions that pass.
    async fn found(&self, filter: SessionFilter) -> Vec<u64> {
        let query_values = vec![QueryValues::SessionId.into()];
        let wish = ListSessionsRequest { filter: Some(filter), pagination: None, query_values };
        let listed = self.sessions(wish).await.expect("a list").into_inner().sessions;
        listed.iter().map(|one| one.session_id.expect("asked for")).collect()
    }

    async fn renames(&self, session_id: u64, name: &str) {
        let wish = SetSessionInfoRequest { session_id, name: Some(name.to_owned()), ..Default::default() };
        self.chat().set_session_info(self.ask(wish)).await.expect("renamed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_tells_what_the_members_of_the_session_are_told() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let chief = town.administrator("chief");
    let session = town.session(&ann, &[&bob]).await;
    let query_values: Vec<i32> = ALL.iter().map(|value| (*value).into()).collect();
    let wish = ListSessionsRequest { query_values, ..ListSessionsRequest::default() };
    let listed = chief.sessions(wish).await.expect("a list").into_inner().sessions;
    assert_eq!(listed, [ann.info(session, &ALL).await]);
    assert_eq!((listed[0].members.clone(), listed[0].size), (vec![ann.id, bob.id], Some(2)));
    let bare = chief.sessions(ListSessionsRequest::default()).await.expect("a list").into_inner().sessions;
    assert_eq!(bare, [GetSessionInfoResponse::default()], "nothing was asked for");
    let unknown = ListSessionsRequest { query_values: vec![99], ..ListSessionsRequest::default() };
    refused(chief.sessions(unknown).await, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_found_by_kind_name_age_owner_and_size() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let chief = town.administrator("chief");
    let kitchen = town.session(&ann, &[&bob]).await;
    town.world.clock.wind(Duration::from_secs(60));
    let garden = town.session(&bob, &[]).await;
    bob.renames(garden, "Garden").await;
    let private = ann.befriend(&cid).await;
    let any = SessionFilter::default;
    assert_eq!(chief.found(any()).await, [kitchen, garden, private]);
    let kind = |kind: SessionType| SessionFilter { session_type: Some(kind.into()), ..any() };
    assert_eq!(chief.found(kind(SessionType::Private)).await, [private]);
    assert_eq!(chief.found(kind(SessionType::Group)).await, [kitchen, garden]);
    assert_eq!(chief.found(kind(SessionType::Channel)).await, [0_u64; 0]);
    assert_eq!(chief.found(kind(SessionType::Unspecified)).await.len(), 3);
    assert_eq!(chief.found(SessionFilter { session_name: Some("ARD".into()), ..any() }).await, [garden]);
    let at = |seconds| Some(Timestamp { seconds: START.seconds() + seconds, nanos: 0 });
    assert_eq!(chief.found(SessionFilter { created_before: at(59), ..any() }).await, [kitchen]);
    assert_eq!(chief.found(SessionFilter { created_after: at(60), ..any() }).await, [garden, private]);
    assert_eq!(chief.found(SessionFilter { owner_id: Some(ann.id), ..any() }).await, [kitchen, private]);
    assert_eq!(chief.found(SessionFilter { owner_id: Some(NOBODY), ..any() }).await, [0_u64; 0]);
    assert_eq!(chief.found(SessionFilter { max_members: Some(1), ..any() }).await, [garden]);
    assert_eq!(chief.found(SessionFilter { min_members: Some(2), ..any() }).await, [kitchen, private]);
    let wish = |filter| ListSessionsRequest { filter: Some(filter), ..ListSessionsRequest::default() };
    let strange = chief.sessions(wish(SessionFilter { session_type: Some(9), ..any() })).await;
    refused(strange, Code::InvalidArgument, "Request Invalid Value");
    let no_time = Some(Timestamp { seconds: i64::MAX, nanos: 0 });
    let strange = chief.sessions(wish(SessionFilter { created_after: no_time, ..any() })).await;
    refused(strange, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_begin_at_one_and_end() {
    let town = Town::new();
    let [ann, ..] = town.three();
    let chief = town.administrator("chief");
    let mut opened = Vec::new();
    for _ in 0..5 {
        opened.push(town.session(&ann, &[]).await);
    }
    let page = async |page, page_size| {
        let query_values = vec![QueryValues::SessionId.into()];
        let pagination = Some(Pagination { page, page_size });
        let wish = ListSessionsRequest { filter: None, pagination, query_values };
        let listed = chief.sessions(wish).await.expect("a page").into_inner().sessions;
        listed.iter().filter_map(|one| one.session_id).collect::<Vec<_>>()
    };
    assert_eq!(page(1, 2).await, opened[..2]);
    assert_eq!(page(3, 2).await, opened[4..]);
    assert_eq!(page(4, 2).await, [0_u64; 0]);
    assert_eq!(page(0, 0).await, opened);
    assert_eq!(page(u32::MAX, u32::MAX).await, [0_u64; 0]);
}
