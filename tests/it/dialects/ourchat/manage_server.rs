//! Maintenance and announcements.

use chatelaine_core::{Ask, Caller, audit};
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request};
use chatelaine_ourchat_pb::service::basic::v1::PingRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::announcement::v1::{Announcement, AnnouncementResponse};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementRequest;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusRequest;
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::{Line, refused};
use super::town::{Citizen, Town};
use super::voices::{BEGINNING, Ears, Voice, kind};
use crate::client::Ask as Http;
use crate::world::PASSWORD;

impl Citizen {
    async fn sets_status(&self, server_status: i32) -> Result<Response<()>, Status> {
        let wish = SetServerStatusRequest { server_status, reason: "cleaning".to_owned() };
        self.manage().set_server_status(self.ask(wish)).await.map(|_| Response::new(()))
    }

    async fn announces(&self, announcement: Option<Announcement>) -> Result<Response<AnnouncementResponse>, Status> {
        let wish = PublishAnnouncementRequest { announcement };
        let said = self.manage().publish_announcement(self.ask(wish)).await?.into_inner();
        Ok(Response::new(said.announcement.expect("what was stored")))
    }
}

fn says(title: &str, content: &str) -> Option<Announcement> {
    Some(Announcement { title: title.to_owned(), content: content.to_owned(), publisher_id: 77 })
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_sends_everybody_away_until_an_administrator_ends_it() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    let line = Line::to(&town.world);
    let ping = async || line.basic().ping(PingRequest {}).await;
    ping().await.expect("before");
    let away = |answer| refused(answer, Code::Unavailable, "Server Maintaining");
    let mut ears = Voice::of(&town.world, &ann.web).listen(BEGINNING).await;
    chief.sets_status(2).await.expect("it begins");
    away(ping().await.map(|_| Response::new(())));
    assert_eq!(Http::new("GET", "/v1/logo").send(town.world.address).status, 503);
    Http::new("GET", "/v1/status").send(town.world.address).expect(200);
    let sign_in = async |ocid: &str| {
        let account = Some(auth_request::Account::Ocid(ocid.to_owned()));
        line.auth().auth(AuthRequest { password: PASSWORD.to_owned(), account }).await
    };
    away(sign_in("ann").await.map(|_| Response::new(())));
    sign_in("chief").await.expect("an administrator gets in");
    refused(ann.sets_status(1).await, Code::PermissionDenied, "Permission Denied");
    refused(chief.sets_status(3).await, Code::InvalidArgument, "Request Invalid Value");
    chief.sets_status(0).await.expect("nothing changes");
    away(ping().await.map(|_| Response::new(())));
    chief.sets_status(1).await.expect("it ends");
    ping().await.expect("afterwards");
    let said = chief.announces(says("", "open streams went on")).await.expect("said").into_inner();
    assert_eq!(announced(&mut ears).await, said);
    let trail = audit::list(&town.world.core, &Caller::operator(), Ask::default()).expect("a trail").items;
    let of_it: Vec<&str> =
        trail.iter().filter(|row| row.target == "maintenance").map(|row| row.detail.as_str()).collect();
    assert_eq!(of_it, ["ended", "began"]);
}

async fn announced(ears: &mut Ears) -> AnnouncementResponse {
    match kind(ears.next().await) {
        RespondEventType::AnnouncementResponse(said) => said,
        other => panic!("an announcement, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_reaches_every_open_stream_every_later_one_and_the_web() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    let voice = Voice::of(&town.world, &ann.web);
    let mut streams = [voice.listen(BEGINNING).await, voice.listen_to_announcements().await];
    let mut socket = ann.web.live(&json!({}));
    socket.until("live");
    let said = chief.announces(says(" Lights ", "go out at ten")).await.expect("said").into_inner();
    let told = said.announcement.clone().expect("its words");
    assert_eq!((told.title.as_str(), told.content.as_str()), ("Lights", "go out at ten"));
    assert_eq!((told.publisher_id, said.id), (chief.id, 1), "the publisher is who asked");
    for ears in &mut streams {
        let event = ears.next().await;
        assert_eq!(event.time, said.created_at);
        assert_eq!(kind(event), RespondEventType::AnnouncementResponse(said.clone()));
    }
    for mut ears in [voice.listen(BEGINNING).await, voice.listen_to_announcements().await] {
        assert_eq!(announced(&mut ears).await, said);
    }
    assert_eq!(socket.until("announcement")["d"]["announcement"], 1);
    let next = chief.announces(says("Only a title", "")).await.expect("said").into_inner();
    assert_eq!(next.id, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_and_too_much_is_not_announced() {
    let town = Town::new();
    let chief = town.administrator("chief");
    let (title, text) = ("x".repeat(257), "x".repeat(4_001));
    for announcement in [None, says("", ""), says(" ", "\n"), says(&title, "x"), says("x", &text)] {
        refused(chief.announces(announcement).await, Code::InvalidArgument, "Request Invalid Value");
    }
}
