//! Request codes: what a machine without a network shows, so that its owner can carry it to where there is one, in a picture or
//! typed off a screen. A code holds the components of the machine and a nonce, which the certificate that answers it names again.
//!
//! Letters and digits without those that look alike (Crockford's base 32), in groups of five and lines of five groups. The last
//! letter of each line checks the line, so a slip is found where it was made, and four bytes at the end check it all.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::certificates::{self, Issued, Wish};
use super::enroll::{self, Desk, Enrolled, Enrolment, enroll_within};
use super::fingerprint::{Components, Digest, Kind, Measured};
use crate::Core;
use crate::caller::Caller;
use crate::error::Result;
use crate::secrets::random_bytes;

/// The form that is written and read.
const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"chatelaine request 1\n";
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a line, the one that checks it included.
const LINE: usize = 25;
const GROUP: usize = 5;
const CHECK_BYTES: usize = 4;
/// Version, nonce and how many components.
const HEAD_BYTES: usize = 10;
const COMPONENT_BYTES: usize = 17;
/// Letters of a code at most; more are not looked at.
const LETTERS_MAX: usize = 4_000;

/// What a machine asks by a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Tells this request from others; the certificate that answers it names it again.
    pub nonce: [u8; 8],
    /// Of what the machine consists.
    pub components: Components,
}

/// Why a text is no request code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slip {
    /// A letter that no code has.
    Letter(char),
    /// This line, from 1, does not fit the letter that checks it.
    Line(usize),
    /// The code is not complete, or two slips hide each other.
    Whole,
    /// It is of a form that this program does not know.
    Form,
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slip::Letter(letter) => write!(f, "the letter {letter:?} is in no request code"),
            Slip::Line(line) => write!(f, "there is a slip in line {line}, counting five groups a line"),
            Slip::Whole => f.write_str("the request code is not complete, or has a slip"),
            Slip::Form => f.write_str("the request code is of a form that is not known here"),
        }
    }
}

impl Request {
    /// A fresh request of a machine that consists of this.
    pub fn new(components: Components) -> Self {
        Self { nonce: random_bytes(), components }
    }

    /// The code to be shown: lines of groups. The blanks and ends of lines may go in a picture.
    pub fn code(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.nonce);
        bytes.push(u8::try_from(self.components.len()).unwrap_or(u8::MAX));
        for (kind, digest) in self.components.iter() {
            bytes.push(number(kind));
            bytes.extend_from_slice(digest.bytes());
        }
        bytes.extend_from_slice(&check(&bytes));
        let letters: Vec<u8> = five_bits(&bytes);
        let lines = letters.chunks(LINE - 1).map(|line| {
            let line = [line, &[check_letter(line)]].concat();
            let groups = line.chunks(GROUP).map(|group| group.iter().map(|value| letter(*value)).collect::<String>());
            groups.collect::<Vec<_>>().join(" ")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Reads a code as it was typed: small letters, blanks, hyphens and ends of lines anywhere; `O` is a zero, `I` and `L` are ones.
    pub fn read(text: &str) -> std::result::Result<Self, Slip> {
        let values = values(text)?;
        let mut letters = Vec::with_capacity(values.len());
        for (at, line) in values.chunks(LINE).enumerate() {
            let (checked, line) = line.split_last().ok_or(Slip::Whole)?;
            if check_letter(line) != *checked {
                return Err(Slip::Line(at + 1));
            }
            letters.extend_from_slice(line);
        }
        let bytes = eight_bits(&letters);
        let (bytes, told) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(Slip::Whole)?;
        if check(bytes) != *told {
            return Err(Slip::Whole);
        }
        Self::of(bytes)
    }

    fn of(bytes: &[u8]) -> std::result::Result<Self, Slip> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(Slip::Whole)?;
        let [VERSION, nonce @ .., count] = head else { return Err(Slip::Form) };
        if rest.len() != usize::from(*count) * COMPONENT_BYTES {
            return Err(Slip::Form);
        }
        let told = rest.chunks_exact(COMPONENT_BYTES).map(|one| {
            let (kind, digest) = one.split_first()?;
            let kind = Kind::ALL.into_iter().find(|known| number(*known) == *kind)?;
            Some((kind, Measured::Digest(Digest::new(digest.try_into().ok()?))))
        });
        let told = told.collect::<Option<Vec<_>>>().ok_or(Slip::Form)?;
        let components = Components::new(told).map_err(|_| Slip::Form)?;
        Ok(Self { nonce: *nonce, components })
    }
}

/// The number of a kind in a code; never changes.
const fn number(kind: Kind) -> u8 {
    match kind {
        Kind::MachineId => 1,
        Kind::ProductUuid => 2,
        Kind::ProductSerial => 3,
        Kind::BoardSerial => 4,
        Kind::BoardName => 5,
        Kind::Cpu => 6,
        Kind::Memory => 7,
        Kind::DiskSerial => 8,
        Kind::Mac => 9,
    }
}

fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let hash = Sha256::new().chain_update(PURPOSE).chain_update(bytes).finalize();
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

/// The check of Luhn in base 32: no single slip and hardly any exchange of neighbours leaves it as it was.
fn check_letter(line: &[u8]) -> u8 {
    let sum: u32 = line.iter().rev().enumerate().map(|(at, value)| weighed(at, *value)).sum();
    u8::try_from((32 - sum % 32) % 32).unwrap_or_default()
}

fn weighed(at: usize, value: u8) -> u32 {
    let value = u32::from(value);
    if at.is_multiple_of(2) { value * 2 / 32 + value * 2 % 32 } else { value }
}

fn letter(value: u8) -> char {
    LETTERS.get(usize::from(value)).map_or('?', |letter| char::from(*letter))
}

fn values(text: &str) -> std::result::Result<Vec<u8>, Slip> {
    let letters = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').take(LETTERS_MAX);
    let value = |letter: char| {
        let meant = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let at = LETTERS.iter().position(|known| char::from(*known) == meant);
        at.and_then(|at| u8::try_from(at).ok()).ok_or(Slip::Letter(letter))
    };
    letters.map(value).collect()
}

/// Bytes as numbers of five bits, the last one filled up with zeros.
fn five_bits(bytes: &[u8]) -> Vec<u8> {
    regroup(bytes, 8, 5, true)
}

/// Numbers of five bits as bytes; what is left over is less than a byte and dropped.
fn eight_bits(values: &[u8]) -> Vec<u8> {
    regroup(values, 5, 8, false)
}

fn regroup(values: &[u8], from: u32, to: u32, fill: bool) -> Vec<u8> {
    let (mut held, mut bits, mut out) = (0_u32, 0, Vec::new());
    let mask = (1 << to) - 1;
    for value in values {
        held = (held << from | u32::from(*value)) & 0xffff;
        bits += from;
        while bits >= to {
            bits -= to;
            out.push(u8::try_from(held >> bits & mask).unwrap_or_default());
        }
    }
    if fill && bits > 0 {
        out.push(u8::try_from(held << (to - bits) & mask).unwrap_or_default());
    }
    out
}

/// A request that its owner brings to the server.
#[derive(Clone, Debug)]
pub struct Brought {
    /// The request.
    pub request: Request,
    /// What the owner calls the machine; empty leaves a name that it has.
    pub name: String,
    /// For how many hours the certificate shall last.
    pub hours: Option<u32>,
}

/// Binds the machine of a request to the caller's account, or recognises it, and issues the certificate that answers the request:
/// both or neither. The token of the machine, if it had one, has ended: it has no network to use one. Fails as binding and issuing
/// do.
pub fn answer(core: &Core, caller: &Caller, brought: Brought) -> Result<(Enrolled, Issued)> {
    let Brought { request: Request { nonce, components }, name, hours } = brought;
    let new = Enrolment { name, code: None, components: components.clone(), facts: Vec::new(), watch: None };
    let (new, account) = (enroll::checked(new)?, caller.require_account()?);
    let certificate = certificates::Desk::new(core, caller, Wish { hours, components, request: Some(nonce) })?;
    core.write(caller, move |tx| {
        let certificates::Desk { now, caller, rules, .. } = &certificate;
        let enrolled = match enroll_within(tx, &Desk { now: *now, caller, account, rules }, &new)? {
            Ok(enrolled) => enrolled,
            // Nothing but the alert that goes with it is written.
            Err(refused) => return Ok(Err(refused)),
        };
        let issued = certificates::issue_own(tx, &certificate, enrolled.machine.id)??;
        Ok(Ok((enrolled, issued)))
    })?
}
