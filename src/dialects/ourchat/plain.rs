//! The dialect's plain HTTP (ourchat section 14). The same pace and the same maintenance as for rpcs come before every path.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Query, ServiceConfig};
use actix_web::{HttpMessage as _, HttpResponse, Route, guard};
use chatelaine_core::accounts::email_proof;
use chatelaine_core::ask::ask;
use chatelaine_core::{Caller, Dialect, Error};
use chatelaine_http::Peer;
use serde::Deserialize;

use crate::front::{PREFLIGHT, READABLE, too_many_text};
use crate::{Ourchat, matrix, oauth, pictures};

/// Where everything here lives.
const BASE: &str = "/v1";
/// What answers in maintenance too, since it tells that the server is there.
const STATUS: &str = "/v1/status";
/// Where people sign in by GitHub.
pub(crate) const OAUTH: &str = "/oauth/github";
const MATRIX: &str = "/_matrix/client/versions";
const PANEL: &str = "/panel";
const WELL_KNOWN: &str = "/.well-known/matrix";

/// Adds the paths to the App of one worker.
pub fn configure(at: Ourchat) -> impl Fn(&mut ServiceConfig) + Send + Sync + 'static {
    move |config| {
        let gate = || {
            let at = at.clone();
            from_fn(move |request, next| gate(at.clone(), request, next))
        };
        let paths = web::scope(BASE)
            .app_data(Data::new(at.clone()))
            .route("/status", reading().to(status))
            .route("/logo", reading().to(pictures::logo))
            .route("/avatar", reading().to(pictures::avatar))
            .route("/verify/confirm", web::get().to(confirm));
        config.service(paths.wrap(gate()));
        if at.github().is_some() {
            let paths = web::scope(OAUTH)
                .app_data(Data::new(at.clone()))
                .route("", web::get().to(oauth::begin))
                .route("/callback", web::get().to(oauth::finish));
            config.service(paths.wrap(gate()));
        }
        if at.options().enable_matrix {
            let well_known = web::scope(WELL_KNOWN)
                .app_data(Data::new(at.clone()))
                .route("/support", reading().to(matrix::support))
                .route("/client", reading().to(matrix::client));
            config.service(well_known).route(MATRIX, reading().to(matrix::versions));
        }
    }
}

impl Ourchat {
    /// Where its plain paths begin, for the table of mounts.
    #[must_use]
    pub fn paths(&self) -> Vec<&'static str> {
        let mut paths = vec![BASE];
        if self.github().is_some() {
            paths.push(OAUTH);
        }
        if self.options().enable_matrix {
            paths.extend([MATRIX, WELL_KNOWN]);
        }
        paths
    }

    /// Where the panel is and the folder with its pages, if it is served.
    #[must_use]
    pub fn panel(&self) -> Option<(&'static str, PathBuf)> {
        let options = self.options();
        options.panel.clone().filter(|_| options.web_panel).map(|root| (PANEL, root))
    }
}

/// A route for those who read, or only look whether there is something to read.
fn reading() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn gate(at: Ourchat, request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, actix_web::Error> {
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let peer = request.extensions().get::<Peer>().copied();
    let fast = peer.and_then(|peer| at.count(peer.address).err()).filter(|_| !is_preflight);
    let closed = at.maintaining().load(Ordering::Relaxed) && request.path() != STATUS;
    let mut answer = if is_preflight {
        let mut answer = HttpResponse::Ok().finish();
        add(&mut answer, &PREFLIGHT);
        request.into_response(answer)
    } else if let Some(fast) = fast {
        request.into_response(too_many(fast.retry_ms / 1_000))
    } else if closed {
        request.into_response(HttpResponse::ServiceUnavailable().finish())
    } else {
        next.call(request).await?.map_body(|_, body| body.boxed())
    };
    add(answer.response_mut(), &READABLE);
    Ok(answer)
}

fn add(answer: &mut HttpResponse, lines: &[(&'static str, &'static str)]) {
    for (name, value) in lines {
        answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

fn too_many(wait_s: u64) -> HttpResponse {
    let mut answer = HttpResponse::TooManyRequests();
    answer.insert_header((header::RETRY_AFTER, wait_s.to_string()));
    answer.insert_header(("x-ratelimit-after", wait_s.to_string()));
    answer.content_type("text/plain; charset=utf-8").body(too_many_text(wait_s))
}

async fn status() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// The secret part of a link.
#[derive(Deserialize)]
struct Confirm {
    token: Option<String>,
}

/// Opens the link that proves an address.
async fn confirm(at: Data<Ourchat>, wish: Query<Confirm>) -> HttpResponse {
    let Some(token) = wish.into_inner().token else { return HttpResponse::BadRequest().finish() };
    let opened = token.clone();
    let confirmed =
        ask(at.core(), move |core| email_proof::confirm(core, &Caller::anonymous(Dialect::Ourchat), &token));
    match confirmed.await {
        Ok(()) => {
            at.waiters().opened(&opened);
            HttpResponse::Ok().finish()
        }
        Err(error) => HttpResponse::new(refusal(error)),
    }
}

/// The status of what failed at a path where the protocol knows no more than that.
pub(crate) fn refusal(error: Error) -> StatusCode {
    match error {
        Error::Busy | Error::OverLimit(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Invalid(..)
        | Error::NotFound(_)
        | Error::Exists(_)
        | Error::Taken(_)
        | Error::SignIn(_)
        | Error::Denied(_)
        | Error::Refused(_)
        | Error::TooFast { .. } => StatusCode::BAD_REQUEST,
    }
}
