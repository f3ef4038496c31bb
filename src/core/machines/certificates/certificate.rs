//! What stands in a certificate, line by line. The form is described for other languages in `docs/certificates.md`.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::clock::Stamp;
use crate::ids::{AccountId, CertificateId, MachineId};
use crate::machines::fingerprint::{Components, Digest, Kind};
use crate::signing::{Lines, Opened, Trouble};

/// The form that is written and read.
const VERSION: u32 = 1;
/// Components of one certificate at most: as many as a machine can show.
const COMPONENTS_MAX: usize = 64;

/// One component of the machine, named by a hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// Its kind.
    pub kind: Kind,
    /// How much its kind counts; several components of a kind share that.
    pub weight: u8,
    /// The HMAC-SHA256 of its digest, the salt of the certificate being the key.
    pub hash: [u8; 32],
}

/// A certificate of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Its number.
    pub serial: CertificateId,
    /// The server that issued it.
    pub server: [u8; 16],
    /// The machine.
    pub machine: MachineId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was issued.
    pub issued: Stamp,
    /// From when on it is no longer good.
    pub expires: Stamp,
    /// The number of the last notice to any machine when it was issued: later ones can end it.
    pub epoch: u64,
    /// The latest moment that the server knew: no honest clock is before it.
    pub time: Stamp,
    /// How much of the components must be there, in percent.
    pub threshold: u8,
    /// The nonce of the request that it answers, if it answers one.
    pub request: Option<[u8; 8]>,
    /// With what the digests are hashed.
    pub salt: [u8; 16],
    /// The components of the machine.
    pub components: Vec<Proof>,
}

/// The hash by which a certificate with this salt names a component.
fn hash(salt: &[u8; 16], digest: Digest) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).ok()?;
    mac.update(digest.bytes());
    Some(mac.finalize().into_bytes().into())
}

/// Each component with the hash that it has in a certificate with this salt.
pub(super) fn hashed(salt: &[u8; 16], components: &Components) -> Vec<(Kind, [u8; 32])> {
    components.iter().filter_map(|(kind, digest)| Some((kind, hash(salt, digest)?))).collect()
}

/// The components as a certificate with this salt names them.
pub(super) fn proofs(salt: &[u8; 16], components: &Components) -> Vec<Proof> {
    hashed(salt, components).into_iter().map(|(kind, hash)| Proof { kind, weight: kind.weight(), hash }).collect()
}

impl Certificate {
    /// The lines that are signed, without the number of the key.
    pub(super) fn lines(&self) -> Lines {
        let lines = Lines::new().line("version", VERSION).line("serial", self.serial);
        let lines = lines.line("server", hex::encode(self.server)).line("machine", self.machine);
        let lines = lines.line("account", self.account).line("issued", self.issued).line("expires", self.expires);
        let lines = lines.line("epoch", self.epoch).line("time", self.time).line("threshold", self.threshold);
        let lines = match self.request {
            Some(nonce) => lines.line("request", hex::encode(nonce)),
            None => lines,
        };
        let lines = lines.line("salt", hex::encode(self.salt));
        self.components.iter().fold(lines, |lines, proof| lines.line("component", Self::component(proof)))
    }

    /// Kind, class, whether only this computer has it or every one of its model, weight and hash.
    fn component(Proof { kind, weight, hash }: &Proof) -> String {
        let whose = if kind.is_singular() { "own" } else { "model" };
        format!("{} {} {whose} {weight} {}", kind.name(), kind.class().name(), hex::encode(hash))
    }

    /// Reads the lines of a text that was taken apart.
    pub(super) fn read(opened: &Opened) -> Result<Self, Trouble> {
        if opened.value::<u32>("version")? != VERSION {
            return Err(Trouble::Line("version"));
        }
        let request = match opened.values("request").next() {
            Some(_) => Some(opened.bytes("request")?),
            None => None,
        };
        let components: Option<Vec<Proof>> = opened.values("component").map(Self::read_component).collect();
        let components = components.filter(|all| !all.is_empty() && all.len() <= COMPONENTS_MAX);
        Ok(Self {
            serial: CertificateId::new(opened.value("serial")?),
            server: opened.bytes("server")?,
            machine: MachineId::new(opened.value("machine")?),
            account: AccountId::new(opened.value("account")?),
            issued: opened.stamp("issued")?,
            expires: opened.stamp("expires")?,
            epoch: opened.value("epoch")?,
            time: opened.stamp("time")?,
            threshold: opened.value("threshold")?,
            request,
            salt: opened.bytes("salt")?,
            components: components.ok_or(Trouble::Line("component"))?,
        })
    }

    fn read_component(text: &str) -> Option<Proof> {
        let words: Vec<&str> = text.split(' ').collect();
        let [kind, _, _, weight, digits] = words.as_slice() else { return None };
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).ok()?;
        let proof = Proof { kind: Kind::named(kind)?, weight: weight.parse().ok()?, hash };
        // Class and the like follow from the kind; a text that says otherwise is not one of ours.
        (Self::component(&proof) == text).then_some(proof)
    }
}
