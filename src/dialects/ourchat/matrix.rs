//! What a Matrix client asks a server first (ourchat section 14): where it is and whom to turn to. Nothing else of it is spoken.
//! These paths have no pace and no maintenance, and pages of any origin may read them, for that is how they are looked for.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde_json::{Value, json};

use crate::Ourchat;

/// The version that is named.
const VERSION: &str = "v1.13";

pub(crate) async fn versions() -> HttpResponse {
    answer(&json!({ "unstable_features": {}, "versions": [VERSION] }))
}

pub(crate) async fn client(at: Data<Ourchat>) -> HttpResponse {
    let base_url = format!("{}/", at.options().public_url);
    answer(&json!({ "m.homeserver": { "base_url": base_url }, "m.identity_server": null }))
}

pub(crate) async fn support(at: Data<Ourchat>) -> HttpResponse {
    let options = at.options();
    let host = options.public_url.split_once("://").map_or("", |(_, host)| host);
    let contacts: Vec<Value> = options
        .contacts
        .iter()
        .map(|contact| {
            let matrix_id = contact.ocid.as_ref().map(|ocid| format!("@{ocid}:{host}"));
            let role = if contact.security { "m.role.security" } else { "m.role.admin" };
            json!({ "email_address": contact.email, "matrix_id": matrix_id, "role": role })
        })
        .collect();
    answer(&json!({ "contacts": contacts, "support_page": options.support_page }))
}

fn answer(body: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")).json(body)
}
