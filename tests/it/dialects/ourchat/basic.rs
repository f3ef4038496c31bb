//! What anybody may ask, without a token.

use std::time::Duration;

use chatelaine_ourchat::{Contact, Options};
use chatelaine_ourchat_pb::service::basic::preset_user_status::v1::GetPresetUserStatusRequest;
use chatelaine_ourchat_pb::service::basic::support::v1::{self as support, SupportRequest};
use chatelaine_ourchat_pb::service::basic::v1::{GetIdRequest, GetServerInfoRequest, PingRequest, TimestampRequest};
use chatelaine_ourchat_pb::service::basic::voip::v1::{GetVoipConfigRequest, GetVoipConfigResponse};
use tonic::Code;

use super::harness::{Line, refused};
use crate::world::{START, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_time_is_the_servers_own_clock() {
    let world = World::new();
    let mut basic = Line::to(&world).basic();
    let told = basic.timestamp(TimestampRequest {}).await.unwrap().into_inner().timestamp.unwrap();
    assert_eq!((told.seconds, told.nanos), (START.seconds(), 0));
    world.clock.wind(Duration::from_micros(1_500_250));
    let told = basic.timestamp(TimestampRequest {}).await.unwrap().into_inner().timestamp.unwrap();
    assert_eq!((told.seconds, told.nanos), (START.seconds() + 1, 500_250_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_server_says_who_it_is_and_sends_zero_for_normal() {
    let world = World::with(|settings| settings.server.name = "Harbour".to_owned());
    let mut basic = Line::to(&world).basic();
    let info = basic.get_server_info(GetServerInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.status, info.server_name.as_str()), (0, "Harbour"));
    let version = info.server_version.unwrap();
    assert_eq!(format!("{}.{}.{}", version.major, version.minor, version.patch), env!("CARGO_PKG_VERSION"));
    let id = uuid::Uuid::parse_str(&info.unique_identifier).unwrap();
    assert_eq!(id.get_version_num(), 4);
    assert_eq!(id.to_string(), info.unique_identifier);
    let again = basic.get_server_info(GetServerInfoRequest {}).await.unwrap().into_inner();
    assert_eq!(again.unique_identifier, info.unique_identifier, "kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_ocid_leads_to_the_id_and_an_unknown_one_to_nobody() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let get = |ocid: &str| {
        let (mut basic, ocid) = (line.basic(), ocid.to_owned());
        async move { basic.get_id(GetIdRequest { ocid }).await }
    };
    assert_eq!(get(&ada.ocid).await.unwrap().into_inner().id, ada.id);
    let web = world.person("bob");
    assert_eq!(get("bob").await.unwrap().into_inner().id, web.id, "people of other clients have an OCID too");
    for unknown in ["nobody", "", &ada.email, &"x".repeat(5_000), "\u{4f60}\u{597d}"] {
        refused(get(unknown).await, Code::NotFound, "User Not Found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn support_tells_the_contacts_in_order_and_the_page() {
    let world = World::with_ourchat(|_, options| {
        options.contacts = vec![
            Contact { ocid: Some("chief".to_owned()), ..Contact::default() },
            Contact {
                email: Some("sec@example.org".to_owned()),
                phone: Some("112".to_owned()),
                security: true,
                ocid: None,
            },
        ];
        options.support_page = Some("https://example.org/help".to_owned());
    });
    let told = Line::to(&world).basic().support(SupportRequest {}).await.unwrap().into_inner();
    let expected = [
        support::Contact { email_address: None, ocid: Some("chief".to_owned()), role: 1, phone_number: None },
        support::Contact {
            email_address: Some("sec@example.org".to_owned()),
            ocid: None,
            role: 2,
            phone_number: Some("112".to_owned()),
        },
    ];
    assert_eq!(told.contacts, expected);
    assert_eq!(told.support_page.as_deref(), Some("https://example.org/help"));
    let bare = World::new();
    let told = Line::to(&bare).basic().support(SupportRequest {}).await.unwrap().into_inner();
    assert_eq!((told.contacts.len(), told.support_page), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn preset_statuses_come_in_ascending_order() {
    let world = World::with_ourchat(|_, options| {
        options.preset_user_status = ["sleeping", "Away", "busy"].map(str::to_owned).to_vec();
    });
    let mut basic = Line::to(&world).basic();
    let told = basic.get_preset_user_status(GetPresetUserStatusRequest {}).await.unwrap().into_inner();
    assert_eq!(told.contents, ["Away", "busy", "sleeping"]);
    basic.ping(PingRequest {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn voip_settings_are_read_without_signing_in() {
    let world = World::new();
    let told = Line::to(&world).basic().get_voip_config(GetVoipConfigRequest {}).await.unwrap().into_inner();
    let expected = GetVoipConfigResponse {
        stun_servers: Vec::new(),
        turn_enabled: false,
        turn_server_url: String::new(),
        turn_username: String::new(),
        turn_password: String::new(),
        turn_ttl: 86_400,
    };
    assert_eq!(told, expected, "no call tells a stranger about itself");
    let relayed = World::with_ourchat(|_, options: &mut Options| {
        options.stun_servers = vec!["stun:stun.example.org:3478".to_owned()];
        options.turn_enabled = true;
        options.turn_server_url = "turn:relay.example.org".to_owned();
        (options.turn_username, options.turn_password) = ("u".to_owned(), "p".to_owned());
    });
    let told = Line::to(&relayed).basic().get_voip_config(GetVoipConfigRequest {}).await.unwrap().into_inner();
    assert!(told.turn_enabled);
    assert_eq!(told.stun_servers, ["stun:stun.example.org:3478"]);
    assert_eq!((told.turn_server_url.as_str(), told.turn_password.as_str()), ("turn:relay.example.org", "p"));
}
