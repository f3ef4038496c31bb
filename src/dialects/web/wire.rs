//! How our own API looks as bytes: JSON answers, pages, and failures as `application/problem+json` (RFC 9457).
//!
//! A request body is read to the end under a limit, parsed into a type that refuses unknown members, and a mistake in
//! it is answered with the name of the member. Nothing here knows what an operation does; `codes.rs` says which
//! fault is which problem.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use chatelaine_core::error::{Error, SignInFlaw};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::codes;

/// Bytes of a cursor or another query value at most.
pub const QUERY_VALUE_BYTES_MAX: usize = 512;
/// Header by which a page's own script marks a request that signs in by cookie.
pub const MARK_HEADER: HeaderName = HeaderName::from_static("x-chatelaine");

/// What every handler returns.
pub type Reply = Result<HttpResponse, Fault>;

/// Why a request of this API failed: what the domain says, or what this dialect itself finds.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The operation refused.
    Core(chatelaine_core::Error),
    /// The body is not JSON at all.
    NotJson(String),
    /// The body or query has a member that the endpoint does not know.
    UnknownField(String),
    /// The body or query lacks a member.
    MissingField(String),
    /// A member has the wrong type or form; the second word says what is expected.
    WrongForm(String, String),
    /// The body's media type is not what the endpoint takes.
    MediaType(&'static str),
    /// The body is larger than the endpoint takes.
    BodyTooLarge(u64),
    /// The body ended or broke before its announced end.
    BodyBroken,
    /// The body was not there in time.
    BodySlow,
    /// No usable sign-in came with the request.
    SignInNeeded,
    /// A request that signs in by cookie lacks the proof that our own page sent it.
    Forged,
    /// Nothing lives at this address.
    NoRoute,
    /// The address exists and does not take this method.
    Method,
    /// A one-time token is unknown, used or too old.
    OneTimeToken,
    /// The address speaks WebSocket only.
    Upgrade,
}

impl Fault {
    /// For operations that take a one-time token: there a bad token is not a sign-in that ended.
    pub fn one_time(self) -> Fault {
        match self {
            Fault::Core(Error::SignIn(SignInFlaw::BadToken)) => Fault::OneTimeToken,
            other => other,
        }
    }
}

impl From<chatelaine_core::Error> for Fault {
    fn from(error: chatelaine_core::Error) -> Fault {
        Fault::Core(error)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&codes::problem(self).detail)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(codes::problem(self).status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        codes::problem(self).answer()
    }
}

/// A failure as the client sees it, after RFC 9457.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, PartialEq, Eq)]
pub struct Problem {
    /// Address of the kind of problem, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// HTTP status, repeated.
    pub status: u16,
    /// What happened and what to do next.
    pub detail: String,
    /// The kind of problem as a word for programs.
    #[schema(example = "not-found")]
    pub code: String,
    /// Member of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Number under which the server's log has the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

impl Problem {
    /// The problem as an HTTP answer, with `Retry-After` where waiting helps.
    pub fn answer(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(ms) = self.retry_after_ms {
            answer.insert_header((header::RETRY_AFTER, ms.div_ceil(1000).max(1)));
        }
        if self.status == 401 {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        answer.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Cursor for the next page, `null` at the end.
    pub next: Option<String>,
}

/// An answer with a JSON body.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Reply {
    let bytes = serde_json::to_vec(body).map_err(|_| Fault::BodyBroken)?;
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    Ok(answer.body(bytes))
}

/// 200 with a JSON body.
pub fn ok<T: Serialize>(body: &T) -> Reply {
    json(StatusCode::OK, body)
}

/// 201 with a JSON body.
pub fn created<T: Serialize>(body: &T) -> Reply {
    json(StatusCode::CREATED, body)
}

/// 204 without a body.
pub fn done() -> Reply {
    Ok(HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).finish())
}

/// Parses a JSON body; an empty body counts as `{}`.
///
/// Fails with the member at fault: unknown, missing, or of the wrong form.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = if body.is_empty() { b"{}".as_slice() } else { body };
    serde_json::from_slice(body).map_err(|error| flaw(body, &error))
}

/// Parses a query string; the same faults as a body.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Fault> {
    let mut fault = None;
    for (name, value) in pairs(query) {
        if value.len() > QUERY_VALUE_BYTES_MAX {
            fault = Some(Fault::WrongForm(name.into_owned(), format!("at most {QUERY_VALUE_BYTES_MAX} bytes")));
        }
    }
    if let Some(fault) = fault {
        return Err(fault);
    }
    actix_web::web::Query::<T>::from_query(query)
        .map(actix_web::web::Query::into_inner)
        .map_err(|error| query_flaw(query, &error.to_string()))
}

fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
        Some((name, value)) => (Cow::Borrowed(name), value),
        None => (Cow::Borrowed(part), ""),
    })
}

fn query_flaw(query: &str, message: &str) -> Fault {
    if let Some(name) = quoted(message, "unknown field `") {
        return Fault::UnknownField(name);
    }
    if let Some(name) = quoted(message, "missing field `") {
        return Fault::MissingField(name);
    }
    let name = pairs(query).map(|(name, _)| name.into_owned()).collect::<Vec<_>>().join(", ");
    Fault::WrongForm(name, expected(message))
}

fn flaw(body: &[u8], error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    if !error.is_data() {
        return Fault::NotJson(format!("line {}, column {}", error.line(), error.column()));
    }
    if let Some(name) = quoted(&message, "unknown field `") {
        return Fault::UnknownField(name);
    }
    if let Some(name) = quoted(&message, "missing field `") {
        return Fault::MissingField(name);
    }
    let path = member_at(body, offset(body, error.line(), error.column()));
    let path = if path.is_empty() { "body".to_owned() } else { path };
    Fault::WrongForm(path, expected(&message))
}

fn quoted(message: &str, before: &str) -> Option<String> {
    let rest = message.get(message.find(before)? + before.len()..)?;
    Some(rest.split('`').next()?.chars().take(64).collect())
}

/// The part of serde's message that says what would be right; the part that repeats the client's value is left out,
/// because it may be a secret.
fn expected(message: &str) -> String {
    let cut = message.rfind(" at line ").unwrap_or(message.len());
    let message = message.get(..cut).unwrap_or(message);
    match message.rfind("expected ") {
        Some(at) => message.get(at + "expected ".len()..).unwrap_or_default().to_owned(),
        None => "another form".to_owned(),
    }
}

fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let before: usize = body.split(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(|text| text.len() + 1).sum();
    before + column
}

/// Which member of the JSON text holds the byte at `end`, as `segments.0.width`.
fn member_at(body: &[u8], end: usize) -> String {
    struct Level {
        name: String,
        index: usize,
        object: bool,
        wants_name: bool,
    }
    let mut levels: Vec<Level> = Vec::new();
    let mut bytes = body.iter().take(end).copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                levels.push(Level { name: String::new(), index: 0, object: byte == b'{', wants_name: byte == b'{' });
            }
            b'}' | b']' => {
                levels.pop();
            }
            b',' => {
                if let Some(level) = levels.last_mut() {
                    level.index += 1;
                    level.wants_name = level.object;
                }
            }
            b'"' => {
                let text = string(&mut bytes);
                if let Some(level) = levels.last_mut().filter(|level| level.wants_name) {
                    level.name = text;
                    level.wants_name = false;
                }
            }
            _ => {}
        }
    }
    let parts: Vec<String> =
        levels.into_iter().map(|level| if level.object { level.name } else { level.index.to_string() }).collect();
    parts.join(".").trim_matches('.').to_owned()
}

fn string(bytes: &mut impl Iterator<Item = u8>) -> String {
    let mut text = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => {
                bytes.next();
            }
            _ => text.push(byte),
        }
        if text.len() > 64 {
            text.truncate(64);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Keeps "absent" and "null" apart in a change: absent = leave, `null` = clear.
pub fn given<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Sample {
        title: String,
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default, deserialize_with = "given")]
        note: Option<Option<String>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Part {
        width: u32,
    }

    fn fault(body: &str) -> String {
        format!("{:?}", parse::<Sample>(body.as_bytes()).expect_err("a fault"))
    }

    #[test]
    fn a_mistake_in_a_body_is_told_by_the_name_of_its_member() {
        assert_eq!(fault(r#"{"title":"a","colour":1}"#), r#"UnknownField("colour")"#);
        assert_eq!(fault(r"{}"), r#"MissingField("title")"#);
        assert_eq!(fault(""), r#"MissingField("title")"#);
        assert_eq!(fault(r#"{"title":7}"#), r#"WrongForm("title", "a string")"#);
        assert_eq!(
            fault("{\"title\":\"a\",\n\"parts\":[{\"width\":1},{\"width\":\"x\"}]}"),
            r#"WrongForm("parts.1.width", "u32")"#
        );
        assert_eq!(fault(r#"{"title":"#), r#"NotJson("line 1, column 9")"#);
        assert!(fault("[]").starts_with("MissingField") || fault("[]").starts_with("WrongForm"));
    }

    #[test]
    fn a_refused_value_is_not_repeated_in_the_answer() {
        assert!(!fault(r#"{"title":"a","note":77123}"#).contains("77123"));
    }

    #[test]
    fn absent_and_null_are_told_apart() {
        let absent: Sample = parse(br#"{"title":"a"}"#).expect("parses");
        let cleared: Sample = parse(br#"{"title":"a","note":null}"#).expect("parses");
        assert_eq!(absent.note, None);
        assert_eq!(cleared.note, Some(None));
    }
}
