//! The test vectors of `docs/certificates.md` are worked out anew: who checks certificates in another language can rely on them.

use super::certificate::{Certificate, proofs};
use super::{Place, verify};
use crate::clock::Stamp;
use crate::ids::{AccountId, CertificateId, MachineId, SigningKeyId};
use crate::machines::fingerprint::{Components, Kind, Measured, digest, normalise};
use crate::machines::requests::Request;
use crate::signing::{PublicKey, Purpose, Signer};
use crate::testing::START;

const DOC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/certificates.md");
const MARKS: [&str; 2] = ["<!-- vectors: written by a test -->\n", "<!-- end of vectors -->"];
const PARTS: [(Kind, &str); 9] = [
    (Kind::MachineId, "4f1c9a2b7d3e48f0a5b6c7d8e9f01234"),
    (Kind::ProductUuid, "8C2E7F10-5A3B-4D6E-9F81-23456789ABCD"),
    (Kind::BoardSerial, "BSN-7741-0093"),
    (Kind::BoardName, "Acme  B350"),
    (Kind::Cpu, "Acme Eight Core"),
    (Kind::Memory, "17179869184"),
    (Kind::DiskSerial, "S3Z9NB0K123456"),
    (Kind::DiskSerial, "WD-WX31A2345678"),
    (Kind::Mac, "3C:52:82:4A:10:7E"),
];

fn shown(parts: &[(Kind, &str)]) -> Components {
    Components::new(parts.iter().map(|(kind, value)| (*kind, Measured::Value((*value).to_owned())))).unwrap()
}

fn certificate() -> Certificate {
    let salt = std::array::from_fn(|at| u8::try_from(16 * at + at).unwrap());
    Certificate {
        serial: CertificateId::new(12),
        server: [0xc4; 16],
        machine: MachineId::new(7),
        account: AccountId::new(3),
        issued: START,
        expires: START.plus_seconds(7 * 24 * 3_600),
        epoch: 17,
        time: START,
        threshold: 60,
        request: Some([1, 2, 3, 4, 5, 6, 7, 8]),
        salt,
        components: proofs(&salt, &shown(&PARTS)),
    }
}

/// What is said of each of several tries, in the words that the documentation explains.
fn tried(text: &str, keys: &[PublicKey]) -> String {
    let others = [(Kind::DiskSerial, "other one"), (Kind::Mac, "3c:52:82:4a:10:7f")];
    let but = |kinds: &[Kind]| PARTS.into_iter().filter(|(kind, _)| !kinds.contains(kind)).collect::<Vec<_>>();
    let repaired = [but(&[Kind::DiskSerial, Kind::Mac]), others.to_vec()].concat();
    let moved = [Kind::MachineId, Kind::DiskSerial, Kind::Mac, Kind::BoardSerial, Kind::BoardName];
    let models = [Kind::BoardName, Kind::Cpu, Kind::Memory];
    let of_models = PARTS.into_iter().filter(|(kind, _)| models.contains(kind)).collect();
    let hour = START.plus_seconds(3_600);
    let tries: [(&str, Vec<_>, Stamp, &str); 9] = [
        ("all of them", PARTS.to_vec(), hour, text),
        ("one disk is gone", PARTS.into_iter().filter(|(_, value)| !value.starts_with("WD")).collect(), hour, text),
        ("disks and network card are others", repaired, hour, text),
        ("disks, card, board and system are others", but(&moved), hour, text),
        ("`product_uuid` alone", PARTS[1..2].to_vec(), hour, text),
        ("another computer of the same model", of_models, hour, text),
        ("all of them, at the moment of `expires`", PARTS.to_vec(), START.plus_seconds(7 * 24 * 3_600), text),
        ("all of them, an hour before `time`", PARTS.to_vec(), START.minus_seconds(3_600), text),
        (
            "all of them, `threshold: 60` changed to `40`",
            PARTS.to_vec(),
            hour,
            &text.replace("threshold: 60", "threshold: 40"),
        ),
    ];
    let row = |(what, parts, now, text): (&str, Vec<_>, Stamp, &str)| {
        let place = Place { keys, server: None, now, latest: None, revocations: None };
        let said = match verify(text, &shown(&parts), &place) {
            Ok(good) => format!("good, {} %", good.percent),
            Err(fault) => fault.word().to_owned(),
        };
        format!("| {what} | {now} | {said} |\n")
    };
    tries.map(row).concat()
}

#[test]
fn the_vectors_of_the_documentation_are_what_this_server_signs_and_checks() {
    let seed: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let (signer, key) = Signer::of_seed(SigningKeyId::new(1), &seed, START);
    let text = certificate().lines().sign(&signer, Purpose::Certificate);
    let mut told = format!("Secret half of key 1 (32 bytes): `{}`\n\n", hex::encode(seed));
    told += &format!("Public half (the list of keys has it in base64): `{}`\n\n", hex::encode(key.public));
    told += "| kind | as it was read | normalised | digest |\n|---|---|---|---|\n";
    for (kind, value) in PARTS {
        let normalised = normalise(kind, value).unwrap();
        let digest = digest(kind, &normalised).to_hex();
        told += &format!("| `{}` | `{value}` | `{normalised}` | `{digest}` |\n", kind.name());
    }
    told += &format!("\n```\n{text}```\n\n| what is shown | at | answer |\n|---|---|---|\n{}", tried(&text, &[key]));
    let request = Request { nonce: [1, 2, 3, 4, 5, 6, 7, 8], components: shown(&PARTS) };
    told += &format!(
        "\nThe request code with the nonce `0102030405060708` that this certificate answers:\n\n```\n{}\n```\n",
        request.code()
    );
    let doc = std::fs::read_to_string(DOC).unwrap();
    let (before, rest) = doc.split_once(MARKS[0]).unwrap();
    let (kept, after) = rest.split_once(MARKS[1]).unwrap();
    if std::env::var("CHATELAINE_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(DOC, format!("{before}{}{told}{}{after}", MARKS[0], MARKS[1])).unwrap();
        return;
    }
    assert_eq!(kept, told);
}
