//! Signed answers: a client that sends `Accept-Signature` gets the answer of an endpoint about machines with a signature over what
//! it names (RFC 9421) and a digest of the body (RFC 9530), by the key that the list of keys has.
//!
//! A wish that is not understood, or that names what is not there, is ignored: the answer then comes without that signature, and a
//! client that needs one refuses it. Bodies that are streamed are not signed.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use chatelaine_core::ask::ask;
use chatelaine_core::error::Error;
use chatelaine_core::ids::SigningKeyId;
use chatelaine_core::{Core, Stamp, signing};
use chatelaine_http::{Peer, answers};
use sfv::{BareItem, Dictionary, FieldType, InnerList, Integer, Item, Key, ListEntry, Parameters, Parser};
use sha2::{Digest, Sha256};

use crate::Web;

const ACCEPT: HeaderName = HeaderName::from_static("accept-signature");
const DIGEST: HeaderName = HeaderName::from_static("content-digest");
const INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const ALGORITHM: &str = "ed25519";
/// Bytes of all wishes of one request.
const WISHES_BYTES_MAX: usize = 2_048;
/// Signatures of one answer.
const SIGNATURES_MAX: usize = 2;
/// Parts of one answer that a signature covers.
const PARTS_MAX: usize = 20;
/// Seconds after which a signature is old, where the client asks for an end.
const LIFE_S: i64 = 300;

/// Whether answers of this path are signed on request.
pub fn covers(path: &str) -> bool {
    path == "/machine" || path == "/machines" || path.starts_with("/machine/") || path.starts_with("/machines/")
}

/// What a request asks for, and what of it can be covered by a signature.
struct Asked {
    wishes: Vec<(Key, InnerList)>,
    method: String,
    scheme: &'static str,
    authority: String,
    target: String,
    path: String,
    query: String,
    headers: HeaderMap,
}

/// Signs the answer of what comes next, if that is wished for.
pub async fn sign(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = Asked::of(&request);
    let core = request.app_data::<Data<Web>>().map(|web| web.core.clone());
    let answer = next.call(request).await?;
    match (asked, core) {
        (Some(asked), Some(core)) => Ok(signed(answer, asked, &core).await),
        _ => Ok(answer),
    }
}

impl Asked {
    fn of(request: &ServiceRequest) -> Option<Asked> {
        let headers = request.headers();
        let text = combined(headers, &ACCEPT).filter(|text| text.len() <= WISHES_BYTES_MAX)?;
        let dictionary: Dictionary = Parser::new(&text).parse().ok()?;
        let wish = |(label, entry)| match entry {
            ListEntry::InnerList(list) => Some((label, list)),
            ListEntry::Item(_) => None,
        };
        let wishes: Vec<_> = dictionary.into_iter().filter_map(wish).take(SIGNATURES_MAX).collect();
        if wishes.is_empty() {
            return None;
        }
        let peer = Peer::of(request.request());
        let scheme = if peer.tls { "https" } else { "http" };
        let host = combined(headers, &header::HOST).or_else(|| request.uri().host().map(str::to_owned))?;
        let (uri, default) = (request.uri(), if peer.tls { ":443" } else { ":80" });
        let host = host.to_ascii_lowercase();
        Some(Asked {
            wishes,
            method: request.method().as_str().to_owned(),
            scheme,
            authority: host.strip_suffix(default).unwrap_or(&host).to_owned(),
            target: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            path: uri.path().to_owned(),
            query: format!("?{}", uri.query().unwrap_or_default()),
            headers: headers.clone(),
        })
    }

    /// The value of a part of the request.
    fn part(&self, name: &str) -> Option<String> {
        match name {
            "@method" => Some(self.method.clone()),
            "@scheme" => Some(self.scheme.to_owned()),
            "@authority" => Some(self.authority.clone()),
            "@target-uri" => Some(format!("{}://{}{}", self.scheme, self.authority, self.target)),
            "@request-target" => Some(self.target.clone()),
            "@path" => Some(self.path.clone()),
            "@query" => Some(self.query.clone()),
            name => field(&self.headers, name),
        }
    }

    /// The lines about the covered parts; none where one is not known, not there, or named twice.
    fn lines(&self, parts: &[Item], status: StatusCode, headers: &HeaderMap) -> Option<String> {
        if parts.is_empty() || parts.len() > PARTS_MAX {
            return None;
        }
        let mut lines: Vec<String> = Vec::new();
        for part in parts {
            let BareItem::String(name) = &part.bare_item else { return None };
            let only = part.params.iter().next().map(|(key, value)| (key.as_str(), value));
            let value = match (part.params.len(), only, name.as_str()) {
                (0, _, "@status") => Some(status.as_u16().to_string()),
                (0, _, name) => field(headers, name),
                (1, Some(("req", BareItem::Boolean(true))), name) => self.part(name),
                _ => None,
            };
            let line = format!("{}: ", FieldType::serialize(part));
            if lines.iter().any(|known| known.starts_with(&line)) {
                return None;
            }
            lines.push(line + &value?);
        }
        Some(lines.join("\n"))
    }
}

/// A field as it is covered: its values in order, without blanks around them.
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    // Names of fields are written small here; what begins with an @ is no field.
    let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(|known| known.as_str() == name)?;
    combined(headers, &name)
}

fn combined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Option<Vec<&str>> = headers.get_all(name).map(|value| value.to_str().ok().map(str::trim)).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

async fn signed(answer: ServiceResponse<BoxBody>, asked: Asked, core: &Core) -> ServiceResponse<BoxBody> {
    let (request, response) = answer.into_parts();
    let (mut response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(streamed) => return ServiceResponse::new(request, response.set_body(streamed)),
    };
    let digest = BareItem::ByteSequence(Sha256::digest(&body).to_vec());
    set(response.headers_mut(), DIGEST, vec![("sha-256", digest.into())]);
    let (status, now) = (response.status(), core.now());
    let wishes = asked.wishes.iter().filter_map(|(label, wish)| {
        Some((label.clone(), wish.clone(), asked.lines(&wish.items, status, response.headers())?))
    });
    let wishes: Vec<_> = wishes.collect();
    let made = ask(core, move |core| {
        let made = wishes.into_iter().map(|(label, wish, lines)| make(core, now, (label, wish), &lines));
        made.collect::<Result<Vec<_>, Error>>()
    });
    // An answer that cannot be signed now is still an answer.
    let made: Vec<_> = made.await.unwrap_or_default().into_iter().flatten().collect();
    let inputs = made.iter().map(|(label, input, _)| (label.as_str(), input.clone().into()));
    set(response.headers_mut(), INPUT, inputs.collect());
    let bytes = |signature: &[u8; 64]| BareItem::ByteSequence(signature.to_vec()).into();
    let signatures = made.iter().map(|(label, _, signature)| (label.as_str(), bytes(signature)));
    set(response.headers_mut(), SIGNATURE, signatures.collect());
    ServiceResponse::new(request, response.set_body(body).map_into_boxed_body())
}

fn set(headers: &mut HeaderMap, name: HeaderName, members: Vec<(&str, ListEntry)>) {
    let member = |(label, entry): (&str, ListEntry)| Some((Key::from_string(label.to_owned()).ok()?, entry));
    let dictionary: Dictionary = members.into_iter().filter_map(member).collect();
    if let Some(text) = FieldType::serialize(&dictionary) {
        answers::set(headers, name, &text);
    }
}

type Made = (Key, InnerList, [u8; 64]);

/// One signature; none where another key or algorithm is wished for.
fn make(core: &Core, now: Stamp, (label, wish): (Key, InnerList), lines: &str) -> Result<Option<Made>, Error> {
    let mut input = None;
    let base = |key: SigningKeyId| {
        let made = parameters(&wish.params, key, now).map(|params| InnerList::with_params(wish.items.clone(), params));
        let told = made.as_ref().and_then(inner).unwrap_or_default();
        input = made;
        format!("{lines}\n\"@signature-params\": {told}")
    };
    let (_, signature) = signing::signed_base(core, base)?;
    Ok(input.map(|input| (label, input, signature.to_bytes())))
}

/// A list as it stands behind its label.
fn inner(list: &InnerList) -> Option<String> {
    let dictionary: Dictionary = [(Key::from_string("a".to_owned()).ok()?, list.clone().into())].into_iter().collect();
    FieldType::serialize(&dictionary)?.strip_prefix("a=").map(str::to_owned)
}

/// What is said about a signature: when it was made, by which key, and what the client wishes to find in it again.
fn parameters(asked: &Parameters, key: SigningKeyId, now: Stamp) -> Option<Parameters> {
    let text = |text: String| sfv::String::from_string(text).ok().map(BareItem::String);
    let number = |seconds: i64| Integer::try_from(seconds).ok().map(BareItem::Integer);
    let wished = |name: &str| asked.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value.clone());
    let fits = |name: &str, own: &str| match wished(name) {
        None => true,
        Some(BareItem::String(text)) => text.as_str() == own,
        Some(_) => false,
    };
    if !fits("alg", ALGORITHM) || !fits("keyid", &key.to_string()) {
        return None;
    }
    let expires = match wished("expires") {
        None | Some(BareItem::Boolean(false)) => None,
        Some(_) => number(now.seconds() + LIFE_S),
    };
    let kept = |name: &str| wished(name).filter(|value| matches!(value, BareItem::String(_)));
    let all = [
        ("created", number(now.seconds())),
        ("expires", expires),
        ("nonce", kept("nonce")),
        ("alg", text(ALGORITHM.to_owned())),
        ("keyid", text(key.to_string())),
        ("tag", kept("tag")),
    ];
    let known = all.into_iter().filter_map(|(name, value)| Some((Key::from_string(name.to_owned()).ok()?, value?)));
    Some(known.collect())
}
