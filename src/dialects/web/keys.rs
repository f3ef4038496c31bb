//! The keys by which the server signs: their public halves for everybody, and their replacement for who may.

use actix_web::HttpResponse;
use actix_web::http::header;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatelaine_core::Core;
use chatelaine_core::signing::{self, PublicKey};
use chatelaine_http::answers;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::views::Time;
use crate::wire::{self, Fault, Page, Reply};

/// Where the list of keys is, outside of `/api/v1`.
pub const WELL_KNOWN: &str = "/.well-known/chatelaine-keys.json";
/// Seconds for which the list may be kept; a key that is not in a kept list is a reason to take it anew.
const KEPT_S: u32 = 300;

/// A key by which the server signs, its public half.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    /// Its number, as signed texts name it.
    pub number: u64,
    /// `Ed25519`.
    pub algorithm: String,
    /// The 32 bytes of its public half, in base64.
    pub public: String,
    /// Since when it signs.
    pub from: Time,
    /// When it signed last, `null` for the one that signs.
    pub signs_until: Option<Time>,
    /// From when on nothing that it signed is good, `null` while it signs.
    pub trusted_until: Option<Time>,
    /// What the key before it signed to announce it, `null` for the first one and behind one that is distrusted.
    pub announced: Option<String>,
}

impl SigningKey {
    fn of(core: &Core, key: &PublicKey) -> SigningKey {
        SigningKey {
            number: key.id.get(),
            algorithm: "Ed25519".to_owned(),
            public: STANDARD.encode(key.public),
            from: key.from.into(),
            signs_until: key.signs_until.map(Time::from),
            trusted_until: key.trusted_until.map(Time::from),
            announced: key.announcement(core),
        }
    }
}

/// All keys whose signatures are good.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Keys {
    /// Who the server is, as signed texts name it.
    pub server: String,
    /// The keys, newest first.
    pub keys: Vec<SigningKey>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Whether what the old key signed is no longer good; `false` unless said.
    #[serde(default)]
    pub distrust: bool,
}

fn shown(core: &Core, keys: &[PublicKey]) -> Vec<SigningKey> {
    keys.iter().map(|key| SigningKey::of(core, key)).collect()
}

/// The list for everybody, which may be kept for some minutes.
pub async fn well_known(call: Call) -> Reply {
    call.anyone()?;
    let keys = call.ask(signing::trusted).await?;
    let list = Keys { server: hex::encode(call.core().server_id()), keys: shown(call.core(), &keys) };
    let body = serde_json::to_vec(&list).map_err(|_| Fault::BodyBroken)?;
    let mut answer = HttpResponse::Ok().content_type("application/json").body(body);
    answers::set(answer.headers_mut(), header::CACHE_CONTROL, &format!("public, max-age={KEPT_S}"));
    answers::set(answer.headers_mut(), header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    Ok(answer)
}

/// The keys by which the server signs, also those that are no longer trusted, newest first.
#[utoipa::path(get, path = "/admin/keys", tag = "admin", responses((status = 200, body = Page<SigningKey>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let keys = call.ask(move |core| signing::list(core, &caller)).await?;
    wire::ok(&Page { items: shown(call.core(), &keys), next: None })
}

/// Lets a fresh key sign from now on.
#[utoipa::path(post, path = "/admin/keys/rotate", tag = "admin", request_body = Rotation, responses((status = 201, body = SigningKey)))]
pub async fn rotate(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let wish: Rotation = call.json().await?;
    let key = call.ask(move |core| signing::rotate(core, &caller, wish.distrust)).await?;
    wire::created(&SigningKey::of(call.core(), &key))
}
