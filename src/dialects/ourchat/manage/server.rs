//! The server as a whole: maintenance, announcements, the configuration.

use std::sync::atomic::Ordering;

use chatelaine_core::maintenance::{self, Wish};
use chatelaine_core::{Caller, announcements, ask};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::announcement::v1::{Announcement, AnnouncementResponse};
use chatelaine_ourchat_pb::service::server_manage::config::v1::GetConfigRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::GetConfigResponse;
use chatelaine_ourchat_pb::service::server_manage::config::v1::SetConfigRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::SetConfigResponse;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementRequest;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementResponse;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::ServerStatus;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusRequest;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusResponse;

use super::config;
use crate::Ourchat;
use crate::events;
use crate::wire::Fault;

pub(crate) async fn set_server_status(
    at: Ourchat,
    caller: Caller,
    wish: SetServerStatusRequest,
) -> Result<SetServerStatusResponse, Fault> {
    let status = ServerStatus::try_from(wish.server_status);
    let wish = match status {
        Ok(ServerStatus::Normal) => Wish::End,
        Ok(ServerStatus::Maintaining) => Wish::Begin,
        Ok(ServerStatus::Unspecified) | Err(_) => Wish::Stay,
    };
    ask(at.core(), move |core| maintenance::allow(core, &caller, wish)).await?;
    status.map_err(|_| Fault::RequestValue)?;
    if wish != Wish::Stay {
        at.maintaining().store(wish == Wish::Begin, Ordering::Relaxed);
    }
    Ok(SetServerStatusResponse {})
}

pub(crate) async fn publish_announcement(
    at: Ourchat,
    caller: Caller,
    wish: PublishAnnouncementRequest,
) -> Result<PublishAnnouncementResponse, Fault> {
    // Whoever may speak hears that nothing is said. The publisher is the caller, whatever the request claims.
    let Announcement { title, content, .. } = wish.announcement.unwrap_or_default();
    let said = ask(at.core(), move |core| announcements::publish_titled(core, &caller, &title, &content)).await?;
    let announcement: AnnouncementResponse = events::announcement(said);
    Ok(PublishAnnouncementResponse { announcement: Some(announcement) })
}

pub(crate) async fn get_config(
    at: Ourchat,
    caller: Caller,
    _wish: GetConfigRequest,
) -> Result<GetConfigResponse, Fault> {
    let content = ask(at.core(), move |core| config::shown(core, &caller)).await?;
    Ok(GetConfigResponse { content })
}

pub(crate) async fn set_config(
    at: Ourchat,
    caller: Caller,
    wish: SetConfigRequest,
) -> Result<SetConfigResponse, Fault> {
    let restart = ask(at.core(), move |core| Ok(config::change(core, &caller, &wish.content))).await??;
    let message = if restart.is_empty() {
        "Configuration updated successfully. Changes applied immediately.".to_owned()
    } else {
        format!("Configuration updated. Server restart required for: {}", restart.join(", "))
    };
    let restart_reasons: Vec<String> = restart.iter().map(|key| format!("Field '{key}' requires restart")).collect();
    Ok(SetConfigResponse { success: true, message, requires_restart: !restart.is_empty(), restart_reasons })
}
