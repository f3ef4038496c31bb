//! The Ed25519 keys by which this server signs. The first is made when it is needed; a new one takes over by rotation, and the old
//! one stays listed and trusted until nothing that it signed can be in force any more, unless it is distrusted at once.
//! The secret half of a key lies in a sealed tree and is forgotten in the moment in which the key no longer signs.

use std::fmt;

use chatelaine_store::{Order, Read, Row};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::document::{Lines, Purpose, Trouble, open, whole};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result};
use crate::ids::SigningKeyId;
use crate::limits::{CERTIFICATE_LIFE_MAX_S, SIGNING_KEY_ROTATIONS_MAX, SIGNING_KEYS_LISTED_MAX};
use crate::schema::{SERVER_FACTS, SIGNING_KEY_BY_NUMBER, SIGNING_KEYS};
use crate::secrets;
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// A key as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningKeyRow {
    public: [u8; 32],
    seed: Option<[u8; 32]>,
    from: Stamp,
    signs_until: Option<Stamp>,
    trusted_until: Option<Stamp>,
    announced: Option<(SigningKeyId, Signature)>,
}

impl Row for SigningKeyRow {}

impl fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeyRow(***)")
    }
}

/// What everybody may know of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// Its number.
    pub id: SigningKeyId,
    /// Its public half.
    pub public: [u8; 32],
    /// Since when it signs.
    pub from: Stamp,
    /// When it signed last; none for the one that signs.
    pub signs_until: Option<Stamp>,
    /// From when on nothing that it signed is to be believed; none while it signs.
    pub trusted_until: Option<Stamp>,
    /// By which older key it was announced, unless that one is not to be trusted.
    pub announced: Option<(SigningKeyId, Signature)>,
}

impl PublicKey {
    fn of(id: SigningKeyId, row: &SigningKeyRow) -> Self {
        let SigningKeyRow { public, from, signs_until, trusted_until, announced, .. } = *row;
        Self { id, public, from, signs_until, trusted_until, announced }
    }

    /// What the older key signed when this one took its place, for those who know the older one only.
    pub fn announcement(&self, core: &Core) -> Option<String> {
        let (key, signature) = self.announced?;
        let lines = lines(&core.server_id(), self.id, (&self.public, self.from)).with_key(key);
        Some(whole(Purpose::Key, &lines, &signature))
    }

    /// The key that a text announces which one of the known keys signed; without its later days, which the list tells.
    pub fn announced_by(known: &[PublicKey], text: &str, now: Stamp) -> std::result::Result<Self, Trouble> {
        let opened = open(Purpose::Key, text)?;
        opened.check(known, now)?;
        let id = SigningKeyId::new(opened.value("number")?);
        let (public, from) = (opened.bytes("public")?, opened.stamp("from")?);
        Ok(Self { id, public, from, signs_until: None, trusted_until: None, announced: None })
    }

    /// Whether what it signed is to be believed at `now`.
    pub fn is_trusted(&self, now: Stamp) -> bool {
        self.trusted_until.is_none_or(|end| now < end)
    }

    /// Whether these bytes were signed by this key.
    pub fn has_signed(&self, bytes: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.to_bytes());
        VerifyingKey::from_bytes(&self.public).is_ok_and(|key| key.verify_strict(bytes, &signature).is_ok())
    }
}

/// A signature: 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signature([u8; 32], [u8; 32]);

impl Signature {
    /// The signature of these bytes.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        let half = |from: usize| std::array::from_fn(|at| bytes.get(from + at).copied().unwrap_or_default());
        Self(half(0), half(32))
    }

    /// Its bytes.
    pub fn to_bytes(self) -> [u8; 64] {
        std::array::from_fn(|at| {
            self.0.get(at).or_else(|| self.1.get(at.wrapping_sub(32))).copied().unwrap_or_default()
        })
    }
}

/// The key that signs, at hand.
pub(crate) struct Signer {
    id: SigningKeyId,
    key: SigningKey,
}

impl Signer {
    fn of(id: SigningKeyId, row: &SigningKeyRow) -> Option<Self> {
        let seed = Zeroizing::new(row.seed?);
        Some(Self { id, key: SigningKey::from_bytes(&seed) })
    }

    /// The key of this secret half, with its public half.
    #[cfg(test)]
    pub(crate) fn of_seed(id: SigningKeyId, seed: &[u8; 32], from: Stamp) -> (Self, PublicKey) {
        let key = SigningKey::from_bytes(seed);
        let public = key.verifying_key().to_bytes();
        (Self { id, key }, PublicKey { id, public, from, signs_until: None, trusted_until: None, announced: None })
    }

    /// The number of the key.
    pub(crate) fn id(&self) -> SigningKeyId {
        self.id
    }

    /// Signs lines that say of themselves what they are.
    pub(crate) fn sign(&self, purpose: Purpose, lines: &str) -> Signature {
        self.sign_bytes(format!("{}{lines}", purpose.prefix()).as_bytes())
    }

    fn sign_bytes(&self, bytes: &[u8]) -> Signature {
        Signature::from_bytes(self.key.sign(bytes).to_bytes())
    }
}

/// Who this server is, as everything that it signs names it.
pub(crate) fn server_id(r: &impl Read) -> Result<[u8; 16]> {
    let facts = SERVER_FACTS.get(r, &0)?.ok_or_else(|| Error::internal(&"the facts of the server are not there"))?;
    Ok(facts.server_id)
}

/// The key that signs, inside a write; made if there is none yet.
pub(crate) fn signer(tx: &mut Tx<'_>, now: Stamp) -> Result<Signer> {
    if let Some(found) = find(tx)? {
        return Ok(found);
    }
    let (id, row) = make(tx, now, None)?;
    Signer::of(id, &row).ok_or_else(|| Error::internal(&"a fresh signing key has no secret half"))
}

/// The key that signs, outside of any write.
pub(crate) fn ready(core: &Core) -> Result<Signer> {
    if let Some(found) = core.read(|view| find(view))? {
        return Ok(found);
    }
    let now = core.now();
    core.write(&Caller::system(), move |tx| signer(tx, now).map(drop))?;
    core.read(|view| find(view))?.ok_or_else(|| Error::internal(&"a fresh signing key is not there"))
}

fn find(r: &impl Read) -> Result<Option<Signer>> {
    Ok(SIGNING_KEY_BY_NUMBER.last(r, &())?.and_then(|(id, row)| Signer::of(id, &row)))
}

/// What is signed about a new key.
fn lines(server: &[u8; 16], id: SigningKeyId, (public, from): (&[u8; 32], Stamp)) -> Lines {
    let lines = Lines::new().line("version", 1).line("server", hex::encode(server)).line("number", id);
    lines.line("public", hex::encode(public)).line("from", from)
}

fn make(tx: &mut Tx<'_>, now: Stamp, before: Option<Signer>) -> Result<(SigningKeyId, SigningKeyRow)> {
    let id = SigningKeyId::new(tx.count_up(&SIGNING_KEYS)?);
    let seed = Zeroizing::new(secrets::random_bytes());
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let announced = match before {
        Some(old) => {
            let lines = lines(&server_id(tx)?, id, (&public, now)).with_key(old.id);
            Some((old.id, old.sign(Purpose::Key, &lines)))
        }
        None => None,
    };
    let (seed, signs_until, trusted_until) = (Some(*seed), None, None);
    let row = SigningKeyRow { public, seed, from: now, signs_until, trusted_until, announced };
    SIGNING_KEY_BY_NUMBER.put(tx, &id, &row)?;
    Ok((id, row))
}

/// The keys whose signatures are to be believed now, newest first; for everybody. Makes the first one if there is none yet, so
/// that who takes the list early can check what comes later.
pub fn trusted(core: &Core) -> Result<Vec<PublicKey>> {
    ready(core)?;
    let now = core.now();
    core.read(|view| Ok(newest(view)?.into_iter().filter(|key| key.is_trusted(now)).collect()))
}

/// The newest keys, also those that are no longer trusted. Needs the permission to view monitoring.
pub fn list(core: &Core, caller: &Caller) -> Result<Vec<PublicKey>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewMonitoring)?;
        newest(view)
    })
}

fn newest(r: &impl Read) -> Result<Vec<PublicKey>> {
    let rows = SIGNING_KEY_BY_NUMBER.list(r, &(), None, Order::Descending, SIGNING_KEYS_LISTED_MAX)?;
    Ok(rows.iter().map(|(id, row)| PublicKey::of(*id, row)).collect())
}

/// One key by its number, however old.
pub(crate) fn public(r: &impl Read, id: SigningKeyId) -> Result<Option<PublicKey>> {
    Ok(SIGNING_KEY_BY_NUMBER.get(r, &id)?.map(|row| PublicKey::of(id, &row)))
}

/// Lets a fresh key sign from now on. The old one stays trusted until nothing it signed can be in force, or with `distrust`, for
/// when it may have been copied, not a moment longer. Needs the permission to change the configuration. Fails with `TooFast` when
/// that many keys would make the list too long.
pub fn rotate(core: &Core, caller: &Caller, distrust: bool) -> Result<PublicKey> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ModifyConfiguration)?;
        require_room(tx, now)?;
        let old = SIGNING_KEY_BY_NUMBER.last(tx, &())?;
        let (mut detail, mut announcing) = (String::new(), None);
        if let Some((id, row)) = old {
            announcing = Signer::of(id, &row).filter(|_| !distrust);
            let trusted_until = if distrust { now } else { now.plus_seconds(CERTIFICATE_LIFE_MAX_S) };
            let row = SigningKeyRow { seed: None, signs_until: Some(now), trusted_until: Some(trusted_until), ..row };
            SIGNING_KEY_BY_NUMBER.put(tx, &id, &row)?;
            detail = format!("in place of {id}{}", if distrust { ", which is not to be trusted" } else { "" });
        }
        let (id, row) = make(tx, now, announcing)?;
        audit::record(tx, now, &caller_again, Verb::SigningKeyRotated, &format!("signing key {id}"), &detail)?;
        Ok(PublicKey::of(id, &row))
    })
}

/// Passes while a year has not seen too many rotations; else the error says when the oldest of them is long enough ago.
fn require_room(r: &impl Read, now: Stamp) -> Result<()> {
    let rows = SIGNING_KEY_BY_NUMBER.list(r, &(), None, Order::Descending, SIGNING_KEY_ROTATIONS_MAX + 1)?;
    let oldest = rows.get(SIGNING_KEY_ROTATIONS_MAX).and_then(|(_, row)| row.signs_until);
    let free_at = oldest.map_or(Stamp::ZERO, |at| at.plus_seconds(CERTIFICATE_LIFE_MAX_S));
    if now < free_at {
        return Err(Error::TooFast { retry_ms: free_at.millis_since(now).saturating_add(1) });
    }
    Ok(())
}

/// Signs the base of an HTTP message signature (RFC 9421), for protocols that answer with one. A base begins with a quotation mark,
/// which no other text that is signed here does.
pub fn signed_base(core: &Core, base: impl FnOnce(SigningKeyId) -> String) -> Result<(SigningKeyId, Signature)> {
    let signer = ready(core)?;
    let base = base(signer.id());
    if !base.starts_with('"') {
        return Err(Error::internal(&"what was to be signed is no base of a message signature"));
    }
    Ok((signer.id(), signer.sign_bytes(base.as_bytes())))
}

/// Whether the secret half of a key is forgotten.
#[cfg(test)]
pub(super) fn has_no_secret(row: &SigningKeyRow) -> bool {
    row.seed.is_none()
}
