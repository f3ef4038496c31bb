//! The table of routes, in the order of `docs/web-api.md`, and how it is mounted.
//!
//! Where two paths fit one request the earlier line wins: fixed words stand before ids.

use std::future::Future;

use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError, guard};
use chatelaine_http::answers;

use crate::auth::Call;
use crate::wire::{Fault, Reply};
use crate::{
    Web, accounts, admin, bans, bulk, certificates, checks, files, friends, invites, keys, live, logins, machine_admin,
    machine_find, machines, marks, me, members, messages, openapi, person, restrictions, roles, room_alerts, rooms,
    server, signed_answers, trail, uploads,
};
use crate::{heartbeats, machine_live, moving, notices, organisations};

/// Where everything below lives.
pub const BASE: &str = "/api/v1";

/// One line of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below `/api/v1`, with `{parts}`.
    pub path: &'static str,
    handler: Box<dyn Fn() -> actix_web::Route>,
}

fn line<H, F>(method: Method, path: &'static str, handler: H) -> Route
where
    H: Fn(Call) -> F + Clone + 'static,
    F: Future<Output = Reply> + 'static,
{
    let verb = method.clone();
    let handler = Box::new(move || web::method(verb.clone()).to(handler.clone()));
    Route { method, path, handler }
}

fn get<H: Fn(Call) -> F + Clone + 'static, F: Future<Output = Reply> + 'static>(
    path: &'static str,
    handler: H,
) -> Route {
    line(Method::GET, path, handler)
}

fn post<H: Fn(Call) -> F + Clone + 'static, F: Future<Output = Reply> + 'static>(
    path: &'static str,
    handler: H,
) -> Route {
    line(Method::POST, path, handler)
}

fn put<H: Fn(Call) -> F + Clone + 'static, F: Future<Output = Reply> + 'static>(
    path: &'static str,
    handler: H,
) -> Route {
    line(Method::PUT, path, handler)
}

fn patch<H: Fn(Call) -> F + Clone + 'static, F: Future<Output = Reply> + 'static>(
    path: &'static str,
    handler: H,
) -> Route {
    line(Method::PATCH, path, handler)
}

fn delete<H: Fn(Call) -> F + Clone + 'static, F: Future<Output = Reply> + 'static>(
    path: &'static str,
    handler: H,
) -> Route {
    line(Method::DELETE, path, handler)
}

/// Every route of this dialect.
pub fn table() -> Vec<Route> {
    let mut table = people();
    table.extend(judging());
    table.extend(places());
    table.extend(things());
    table.extend(organisations());
    table.extend(machine_rules());
    table.extend(heartbeats());
    table.extend(moving());
    table.extend(machines());
    table
}

/// Organisations; into which one an account belongs is changed with the account.
fn organisations() -> Vec<Route> {
    vec![
        get("/admin/organisations", organisations::list),
        get("/admin/organisations/{id}/members", organisations::members),
    ]
}

/// Rules, limits and alerts about machines.
fn machine_rules() -> Vec<Route> {
    vec![
        get("/admin/machines/policy", machine_admin::get_policy),
        put("/admin/machines/policy", machine_admin::put_policy),
        get("/admin/machines/warnings", machine_admin::warnings),
        get("/admin/machines/limits/accounts/{id}", machine_admin::get_account_limit),
        put("/admin/machines/limits/accounts/{id}", machine_admin::put_account_limit),
        delete("/admin/machines/limits/accounts/{id}", machine_admin::delete_account_limit),
        get("/admin/machines/limits/roles/{id}", machine_admin::get_role_limit),
        put("/admin/machines/limits/roles/{id}", machine_admin::put_role_limit),
        delete("/admin/machines/limits/roles/{id}", machine_admin::delete_role_limit),
        get("/admin/machines/alerts", machine_admin::list_alerts),
        post("/admin/machines/alerts/{id}/seen", machine_admin::see_alert),
    ]
}

/// Machines, one's own and any. Behind all lines with a fixed word in place of the id.
fn heartbeats() -> Vec<Route> {
    vec![
        get("/machine", heartbeats::look),
        post("/machine/heartbeat", heartbeats::beat),
        post("/machine/nonce", heartbeats::nonce),
        get("/machine/notices", notices::list),
        get("/machine/live", machine_live::plain),
        post("/machines/{id}/heartbeat", heartbeats::beat_of_mine),
        get("/machines/{id}/heartbeats", heartbeats::hours),
    ]
}

fn moving() -> Vec<Route> {
    vec![
        post("/machine/release", moving::release_itself),
        get("/machines/offers", moving::offers),
        post("/machines/{id}/release", moving::release),
        post("/machines/{id}/replace", moving::replace),
        post("/machines/{id}/transfer", moving::offer),
        delete("/machines/{id}/transfer", moving::withdraw),
        post("/machines/{id}/transfer/accept", moving::accept),
        post("/machines/{id}/transfer/decline", moving::decline),
        post("/admin/machines/{id}/release", moving::release_other),
        post("/admin/machines/{id}/transfer", moving::transfer_other),
        post("/admin/machines/{id}/replace", moving::replace_other),
    ]
}

fn machines() -> Vec<Route> {
    vec![
        post("/machine/certificate", certificates::issue_to_machine),
        get("/machines/revocations", certificates::revocations),
        post("/machines/requests", certificates::answer),
        get("/admin/machines", machine_find::search),
        get("/admin/machines/{id}", machine_admin::get),
        get("/machines", machines::list),
        post("/machines", machines::create),
        get("/machines/{id}", machines::get),
        patch("/machines/{id}", machines::change),
        post("/machines/{id}/token", machines::renew_token),
        get("/machines/{id}/timeline", machines::timeline),
        post("/machines/{id}/certificate", certificates::issue),
        get("/machines/{id}/certificates", certificates::list),
    ]
}

/// Checks, marks, evidence, appeals, bans, and what managers do with many machines at once.
fn judging() -> Vec<Route> {
    vec![
        get("/machines/marks", marks::list_mine),
        post("/machines/marks/{id}/appeal", marks::appeal),
        get("/machines/{id}/checks", checks::list),
        post("/machines/{id}/checks", checks::begin),
        post("/machines/checks/{launch}/finish", checks::finish),
        get("/admin/marks", marks::list),
        post("/admin/marks", marks::mark),
        post("/admin/marks/{id}/lift", marks::lift),
        put("/admin/marks/{id}/evidence/{file}", marks::attach),
        delete("/admin/marks/{id}/evidence/{file}", marks::detach),
        post("/admin/marks/{id}/appeal", marks::answer),
        get("/admin/appeals", marks::list_appeals),
        post("/admin/machines/import", bulk::import),
        get("/admin/machines/export", bulk::export),
        post("/admin/machines/{id}/ban", bans::ban),
        delete("/admin/machines/{id}/ban", bans::unban),
        get("/rooms/{id}/machine-alerts", room_alerts::get),
        put("/rooms/{id}/machine-alerts", room_alerts::put),
    ]
}

fn people() -> Vec<Route> {
    vec![
        get("/server", server::get),
        post("/setup", server::set_up),
        post("/accounts", accounts::register),
        get("/accounts", accounts::search),
        get("/accounts/{id}", accounts::get),
        post("/password-resets", accounts::reset_password),
        post("/logins", logins::sign_in),
        get("/logins", logins::list),
        delete("/logins", logins::end_others),
        delete("/logins/{id}", logins::end),
        get("/me", me::get),
        patch("/me", me::change),
        post("/me/password", me::change_password),
        post("/me/close", me::close),
        get("/me/settings", me::get_settings),
        put("/me/settings", me::put_settings),
        get("/me/person", person::get),
        patch("/me/person", person::change),
        get("/friends", friends::list),
        get("/friends/requests", friends::list_requests),
        post("/friends/requests", friends::ask),
        post("/friends/requests/{account}/accept", friends::accept),
        post("/friends/requests/{account}/decline", friends::decline),
        delete("/friends/requests/{account}", friends::withdraw),
        delete("/friends/{account}", friends::remove),
        patch("/friends/{account}", friends::change),
        get("/blocks", friends::list_blocks),
        put("/blocks/{account}", friends::block),
        delete("/blocks/{account}", friends::unblock),
        post("/reports", friends::report),
    ]
}

fn places() -> Vec<Route> {
    vec![
        get("/rooms", rooms::list),
        post("/rooms", rooms::open),
        get("/rooms/find", rooms::find),
        get("/rooms/{id}", rooms::get),
        patch("/rooms/{id}", rooms::change),
        delete("/rooms/{id}", rooms::delete),
        get("/rooms/{id}/summary", rooms::summary),
        get("/rooms/{id}/members", members::list),
        patch("/rooms/{id}/members/me", members::change_mine),
        delete("/rooms/{id}/members/me", members::leave),
        patch("/rooms/{id}/members/{account}", members::change),
        delete("/rooms/{id}/members/{account}", members::kick),
        get("/rooms/{id}/bans", restrictions::list_bans),
        put("/rooms/{id}/bans/{account}", restrictions::ban),
        delete("/rooms/{id}/bans/{account}", restrictions::unban),
        get("/rooms/{id}/mutes", restrictions::list_mutes),
        put("/rooms/{id}/mutes/{account}", restrictions::mute),
        delete("/rooms/{id}/mutes/{account}", restrictions::unmute),
        get("/rooms/{id}/roles", roles::list),
        post("/rooms/{id}/roles", roles::add),
        patch("/rooms/{id}/roles/{role}", roles::change),
        delete("/rooms/{id}/roles/{role}", roles::remove),
        post("/rooms/{id}/invites", invites::invite),
        get("/invites", invites::list),
        post("/invites/{id}/accept", invites::accept),
        post("/invites/{id}/decline", invites::decline),
        post("/rooms/{id}/links", invites::make_link),
        get("/rooms/{id}/links", invites::list_links),
        delete("/rooms/{id}/links/{link}", invites::remove_link),
        get("/links/{token}", invites::preview_link),
        post("/links/{token}/join", invites::join_by_link),
        post("/rooms/{id}/join", invites::join),
        get("/rooms/{id}/requests", invites::list_requests),
        post("/rooms/{id}/requests/{account}/accept", invites::accept_request),
        post("/rooms/{id}/requests/{account}/decline", invites::decline_request),
        get("/rooms/{id}/messages", messages::list),
        post("/rooms/{id}/messages", messages::send),
        get("/rooms/{id}/messages/{offset}", messages::get),
        patch("/rooms/{id}/messages/{offset}", messages::edit),
        delete("/rooms/{id}/messages/{offset}", messages::recall),
        get("/rooms/{id}/messages/{offset}/edits", messages::edits),
        put("/rooms/{id}/messages/{offset}/reactions/{emoji}", messages::react),
        delete("/rooms/{id}/messages/{offset}/reactions/{emoji}", messages::unreact),
        post("/rooms/{id}/read", messages::read),
        post("/rooms/{id}/typing", messages::typing),
    ]
}

fn things() -> Vec<Route> {
    vec![
        post("/files", files::upload),
        get("/files", files::list),
        get("/files/{id}", files::get),
        delete("/files/{id}", files::delete),
        get("/files/{id}/content", files::content),
        line(Method::HEAD, "/files/{id}/content", files::content_head),
        post("/uploads", uploads::begin),
        get("/uploads/{id}", uploads::get),
        put("/uploads/{id}", uploads::piece),
        delete("/uploads/{id}", uploads::cancel),
        post("/uploads/{id}/finish", uploads::finish),
        get("/live", live::plain),
        post("/live/ticket", live::ticket),
        get("/openapi.json", openapi::get),
        get("/admin/accounts", admin::list_accounts),
        patch("/admin/accounts/{id}", admin::change_account),
        delete("/admin/accounts/{id}", admin::close_account),
        patch("/admin/accounts/{id}/person", person::change_other),
        post("/admin/accounts/{id}/sign-out", admin::sign_out),
        post("/admin/accounts/{id}/reset-link", admin::reset_link),
        get("/admin/settings", admin::list_settings),
        patch("/admin/settings", admin::change_setting),
        get("/admin/audit", admin::list_audit),
        get("/admin/audit/verify", trail::verify),
        get("/admin/audit/heads", trail::heads),
        get("/admin/keys", keys::list),
        post("/admin/keys/rotate", keys::rotate),
        post("/admin/invites", admin::make_invite),
        get("/admin/invites", admin::list_invites),
        delete("/admin/invites/{id}", admin::revoke_invite),
        get("/admin/server-roles", admin::list_roles),
        post("/admin/server-roles", admin::make_role),
        delete("/admin/server-roles/{id}", admin::remove_role),
    ]
}

/// Mounts the dialect under `/api/v1`, and the list of keys where clients look for it.
pub fn configure(web: Web) -> impl Fn(&mut ServiceConfig) + Send + Sync + Clone + 'static {
    move |config| {
        let mut scope = web::scope(BASE).app_data(Data::new(web.clone()));
        for (path, resource) in resources() {
            scope = match signed_answers::covers(path) {
                true => scope.service(resource.wrap(from_fn(signed_answers::sign))),
                false => scope.service(resource),
            };
        }
        config.service(scope.default_service(web::to(|| async { Fault::NoRoute.error_response() })));
        let reading = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        let well_known = web::resource(keys::WELL_KNOWN).app_data(Data::new(web.clone()));
        config.service(well_known.route(reading().to(keys::well_known)));
    }
}

/// Paths that most requests ask for. Patterns are tried one after the other, each for about half a microsecond, so these are
/// tried first; no other line may fit their requests.
const BUSY: [&str; 4] =
    ["/rooms/{id}/messages", "/rooms/{id}/read", "/rooms/{id}/typing", "/rooms/{id}/messages/{offset}"];

fn resources() -> Vec<(&'static str, Resource)> {
    let mut groups: Vec<(&'static str, Vec<Route>)> = Vec::new();
    for route in table() {
        match groups.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => groups.push((route.path, vec![route])),
        }
    }
    groups.sort_by_key(|(path, _)| BUSY.iter().position(|busy| busy == path).unwrap_or(BUSY.len()));
    groups.into_iter().map(|(path, routes)| (path, resource(path, &routes))).collect()
}

fn resource(path: &str, routes: &[Route]) -> Resource {
    let allowed = routes.iter().map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
    let mut resource = web::resource(path);
    for route in routes {
        resource = resource.route((route.handler)());
    }
    resource.default_service(web::to(move |_: HttpRequest| {
        let mut answer: HttpResponse = Fault::Method.error_response();
        answers::set(answer.headers_mut(), header::ALLOW, &allowed);
        async { answer }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether some request fits both patterns.
    fn meet(one: &str, other: &str) -> bool {
        let (one, other): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
        one.len() == other.len()
            && one.iter().zip(&other).all(|(a, b)| a == b || a.starts_with('{') || b.starts_with('{'))
    }

    #[test]
    fn busy_paths_are_lines_of_the_table_and_take_no_request_from_another() {
        for busy in BUSY {
            assert!(table().iter().any(|route| route.path == busy), "{busy}");
            for route in table() {
                assert!(route.path == busy || !meet(busy, route.path), "{busy} and {}", route.path);
            }
        }
    }
}
