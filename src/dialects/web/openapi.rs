//! The OpenAPI 3.1 document of this dialect, generated from the handlers, and the route that serves it.
//!
//! What all operations share (problems as answers, parts of the path, ways to sign in) is added here once.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, ObjectBuilder, OpenApi as Document, Ref, RefOr, Required, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi};

use crate::auth::Call;
use crate::wire::{Problem, Reply};
use crate::{
    accounts, admin, bans, bulk, certificates, checks, files, friends, invites, keys, live, logins, machine_admin,
    machine_find, machines, marks, me, members, messages, person, restrictions, roles, room_alerts, rooms, server,
    trail, uploads,
};
use crate::{heartbeats, machine_live, moving, notices, organisations};

#[derive(OpenApi)]
#[openapi(
    info(title = "Chatelaine", description = "People, rooms, messages and files of one place. Prose: docs/web-api.md."),
    servers((url = "/api/v1")),
    security(("bearer" = []), ("cookie" = [])),
    components(schemas(Problem)),
    modifiers(&Shared),
    paths(
        server::get, server::set_up, accounts::register, accounts::search, accounts::get, accounts::reset_password,
        logins::sign_in, logins::list, logins::end_others, logins::end, me::get, me::change, me::change_password,
        me::close, me::get_settings, me::put_settings, person::get, person::change, person::change_other, friends::list, friends::list_requests, friends::ask,
        friends::accept, friends::decline, friends::withdraw, friends::remove, friends::change, friends::list_blocks,
        friends::block, friends::unblock, friends::report, rooms::list, rooms::open, rooms::find, rooms::get,
        rooms::change, rooms::delete, rooms::summary, members::list, members::change_mine, members::leave,
        members::change, members::kick, restrictions::list_bans, restrictions::ban, restrictions::unban,
        restrictions::list_mutes, restrictions::mute, restrictions::unmute, roles::list, roles::add, roles::change,
        roles::remove, invites::invite, invites::list, invites::accept, invites::decline, invites::make_link,
        invites::list_links, invites::remove_link, invites::preview_link, invites::join_by_link, invites::join,
        invites::list_requests, invites::accept_request, invites::decline_request, messages::list, messages::send,
        messages::get, messages::edit, messages::recall, messages::edits, messages::react, messages::unreact,
        messages::read, messages::typing, files::upload, files::list, files::get, files::delete, files::content,
        files::content_head, uploads::begin, uploads::get, uploads::piece, uploads::cancel, uploads::finish,
        live::plain, live::ticket, get, admin::list_accounts, admin::change_account, admin::close_account,
        certificates::issue, certificates::issue_to_machine, certificates::list, certificates::answer,
        certificates::revocations, trail::verify, trail::heads, keys::list, keys::rotate, admin::sign_out, admin::reset_link, admin::list_settings, admin::change_setting, admin::list_audit,
        admin::make_invite, admin::list_invites, admin::revoke_invite, admin::list_roles, admin::make_role,
        admin::remove_role, marks::list_mine, marks::appeal, checks::list, checks::begin, checks::finish, marks::list, marks::mark, marks::lift,
        marks::attach, marks::detach, marks::answer, marks::list_appeals, machine_admin::get_policy, machine_admin::put_policy, machine_admin::warnings,
        machine_admin::get_account_limit, machine_admin::put_account_limit, machine_admin::delete_account_limit,
        machine_admin::get_role_limit, machine_admin::put_role_limit, machine_admin::delete_role_limit,
        machine_admin::list_alerts, machine_admin::get, machine_admin::see_alert, machines::list, machines::create, machines::get,
        machines::change, machines::renew_token, machines::timeline,
        organisations::list, organisations::members, heartbeats::look, notices::list, heartbeats::beat, heartbeats::nonce, machine_live::plain, heartbeats::beat_of_mine, heartbeats::hours,
        moving::offers, moving::release, moving::release_itself, moving::release_other, moving::replace, moving::offer,
        moving::withdraw, moving::accept, moving::decline, moving::transfer_other, moving::replace_other,
        bulk::import, bulk::export, bans::ban, bans::unban, room_alerts::get, room_alerts::put, machine_find::search
    )
)]
struct Api;

/// The document.
pub fn document() -> Document {
    Api::openapi()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "server", security(()), responses((status = 200, body = serde_json::Value)))]
pub async fn get(call: Call) -> Reply {
    static TEXT: OnceLock<String> = OnceLock::new();
    call.anyone()?;
    let text = TEXT.get_or_init(|| document().to_json().unwrap_or_default());
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(text.as_str()))
}

struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description("__Host-chatelaine", "Unsafe methods also need X-Chatelaine: 1.");
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for (path, item) in &mut document.paths.paths {
            let operations =
                [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
            for operation in operations.into_iter().flatten() {
                let problem = ResponseBuilder::new()
                    .description("Refused: what is wrong and what to do next")
                    .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))));
                operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.build()));
                let parameters = operation.parameters.get_or_insert_default();
                parameters.extend(parts(path).map(|name| RefOr::T(path_parameter(name))));
            }
        }
    }
}

fn path_parameter(name: &str) -> Parameter {
    let kind = if is_text(name) { Type::String } else { Type::Integer };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .build()
}

/// Names of the `{parts}` of a path.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Whether a part of a path is text: words may stand where an account or login is named.
fn is_text(name: &str) -> bool {
    matches!(name, "token" | "emoji" | "account" | "launch")
}
