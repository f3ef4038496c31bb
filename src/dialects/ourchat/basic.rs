//! What anybody may ask: the clock, who this server is, whom to turn to (ourchat section 8.2).

use chatelaine_core::ask::ask;
use chatelaine_core::{Caller, accounts};
use chatelaine_ourchat_pb::service::basic::preset_user_status::v1::GetPresetUserStatusRequest;
use chatelaine_ourchat_pb::service::basic::preset_user_status::v1::GetPresetUserStatusResponse;
use chatelaine_ourchat_pb::service::basic::server::v1::{GetServerInfoResponse, RunningStatus, ServerVersion};
use chatelaine_ourchat_pb::service::basic::support::v1::{Contact, ContactRole, SupportRequest, SupportResponse};
use chatelaine_ourchat_pb::service::basic::v1::GetIdRequest;
use chatelaine_ourchat_pb::service::basic::v1::GetIdResponse;
use chatelaine_ourchat_pb::service::basic::v1::GetServerInfoRequest;
use chatelaine_ourchat_pb::service::basic::v1::PingRequest;
use chatelaine_ourchat_pb::service::basic::v1::PingResponse;
use chatelaine_ourchat_pb::service::basic::v1::TimestampRequest;
use chatelaine_ourchat_pb::service::basic::v1::TimestampResponse;
use chatelaine_ourchat_pb::service::basic::voip::v1::GetVoipConfigRequest;
use chatelaine_ourchat_pb::service::basic::voip::v1::GetVoipConfigResponse;

use crate::wire::Fault;
use crate::{Ourchat, options, wire};

/// The clock by which events are stamped, too.
pub(crate) async fn timestamp(
    at: Ourchat,
    _caller: Caller,
    _wish: TimestampRequest,
) -> Result<TimestampResponse, Fault> {
    Ok(TimestampResponse { timestamp: Some(wire::timestamp(at.core().now())) })
}

pub(crate) async fn get_server_info(
    at: Ourchat,
    _caller: Caller,
    _wish: GetServerInfoRequest,
) -> Result<GetServerInfoResponse, Fault> {
    let part = |text: &str| text.parse().unwrap_or_default();
    Ok(GetServerInfoResponse {
        // ourchat section 8.2: the number that is called unspecified is the one that clients show as "online".
        status: RunningStatus::Unspecified.into(),
        server_version: Some(ServerVersion {
            major: part(env!("CARGO_PKG_VERSION_MAJOR")),
            minor: part(env!("CARGO_PKG_VERSION_MINOR")),
            patch: part(env!("CARGO_PKG_VERSION_PATCH")),
        }),
        unique_identifier: uuid::Builder::from_random_bytes(at.core().server_id()).into_uuid().to_string(),
        server_name: at.core().settings().server.name.clone(),
    })
}

pub(crate) async fn get_id(at: Ourchat, _caller: Caller, wish: GetIdRequest) -> Result<GetIdResponse, Fault> {
    let id = ask(at.core(), move |core| accounts::id_of_handle(core, &wish.ocid)).await?;
    Ok(GetIdResponse { id: id.get() })
}

pub(crate) async fn support(at: Ourchat, _caller: Caller, _wish: SupportRequest) -> Result<SupportResponse, Fault> {
    let contacts = at.options().contacts.iter().map(contact).collect();
    Ok(SupportResponse { contacts, support_page: at.options().support_page.clone() })
}

fn contact(of: &options::Contact) -> Contact {
    let role = if of.security { ContactRole::Security } else { ContactRole::Admin };
    Contact {
        email_address: of.email.clone(),
        ocid: of.ocid.clone(),
        role: role.into(),
        phone_number: of.phone.clone(),
    }
}

pub(crate) async fn get_preset_user_status(
    at: Ourchat,
    _caller: Caller,
    _wish: GetPresetUserStatusRequest,
) -> Result<GetPresetUserStatusResponse, Fault> {
    let mut contents = at.options().preset_user_status.clone();
    contents.sort();
    Ok(GetPresetUserStatusResponse { contents })
}

pub(crate) async fn ping(_at: Ourchat, _caller: Caller, _wish: PingRequest) -> Result<PingResponse, Fault> {
    Ok(PingResponse {})
}

pub(crate) async fn get_voip_config(
    at: Ourchat,
    _caller: Caller,
    _wish: GetVoipConfigRequest,
) -> Result<GetVoipConfigResponse, Fault> {
    let options = at.options();
    Ok(GetVoipConfigResponse {
        stun_servers: options.stun_servers.clone(),
        turn_enabled: options.turn_enabled,
        turn_server_url: options.turn_server_url.clone(),
        turn_username: options.turn_username.clone(),
        turn_password: options.turn_password.clone(),
        turn_ttl: options.turn_ttl.as_secs(),
    })
}
