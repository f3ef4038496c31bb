//! Certificates, request codes, revocations, keys and signed answers over HTTP. What is signed is checked by what the list of keys
//! says and by nothing else of the server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatelaine_core::ids::SigningKeyId;
use chatelaine_core::machines::certificates::{Place, verify};
use chatelaine_core::machines::fingerprint::{Components, Kind, Measured};
use chatelaine_core::machines::requests::Request;
use chatelaine_core::machines::{MachineCode, Release, release};
use chatelaine_core::signing::{PublicKey, Signature};
use chatelaine_core::{Caller, Dialect, Stamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::document::{Seen, fits};
use crate::client::{Answer, Ask};
use crate::world::{Person, World};

const PARTS: [(Kind, &str); 4] = [
    (Kind::MachineId, "5d41402abc4b2a76b9719d911017c592"),
    (Kind::ProductUuid, "7d793037-a076-0189-574b-282f2f435e02"),
    (Kind::BoardSerial, "BOARD-41-77"),
    (Kind::DiskSerial, "DISK-93-12"),
];

fn told() -> Value {
    PARTS.iter().map(|(kind, value)| json!({ "kind": kind.name(), "value": value })).collect()
}

fn computer() -> Components {
    Components::new(PARTS.map(|(kind, value)| (kind, Measured::Value(value.to_owned())))).expect("components")
}

/// The keys as a client has them from the list for everybody.
fn keys(world: &World) -> Vec<PublicKey> {
    let answer = Ask::new("GET", "/.well-known/chatelaine-keys.json").send(world.address).expect(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let list = answer.json();
    assert_eq!(list["server"], hex::encode(world.core.server_id()));
    let moment = |value: &Value| value.as_str().map(|text| Stamp::parse(text).expect("a moment"));
    let key = |key: &Value| {
        assert_eq!(key["algorithm"], "Ed25519");
        let public = STANDARD.decode(key["public"].as_str().expect("text")).expect("base64");
        PublicKey {
            id: SigningKeyId::new(key["number"].as_u64().expect("a number")),
            public: public.try_into().expect("32 bytes"),
            from: moment(&key["from"]).expect("a moment"),
            signs_until: moment(&key["signs_until"]),
            trusted_until: moment(&key["trusted_until"]),
            announced: None,
        }
    };
    list["keys"].as_array().expect("keys").iter().map(key).collect()
}

fn bound(who: &Person) -> (u64, String) {
    let made = who
        .ask("POST", "/machines")
        .json(&json!({ "name": "Desk", "components": told() }))
        .send(who.address)
        .expect(201)
        .json();
    (made["machine"]["id"].as_u64().expect("a number"), made["token"].as_str().expect("a token").to_owned())
}

fn ask(seen: &mut Vec<Seen>, ask: &Ask, world: &World) -> Answer {
    let answer = ask.send(world.address);
    let body = serde_json::from_slice(&answer.body).ok();
    seen.push((ask.method.clone(), ask.path.clone(), answer.status, body));
    answer
}

fn place(keys: &[PublicKey], now: Stamp) -> Place<'_> {
    Place { keys, server: None, now, latest: None, revocations: None }
}

#[test]
fn a_certificate_is_issued_listed_shown_and_ended() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (machine, token) = bound(&ada);
    let mut seen = Vec::new();
    let path = format!("/machines/{machine}/certificate");
    let wish = |who: &Person, body: &Value| who.ask("POST", &path).json(body);
    let good = json!({ "components": told(), "hours": 24 });
    let issued = ask(&mut seen, &wish(&ada, &good), &world).expect(201).json();
    let text = issued["text"].as_str().expect("text");
    let certificate = verify(text, &computer(), &place(&keys(&world), world.core.now())).expect("good").certificate;
    assert_eq!((certificate.serial.get(), certificate.machine.get()), (1, machine));
    assert_eq!(issued["expires_at"], certificate.expires.to_string());
    let by_machine = Ask::new("POST", "/api/v1/machine/certificate").bearer(&token);
    let own = ask(&mut seen, &by_machine.clone().json(&json!({ "components": told() })), &world).expect(201).json();
    assert_eq!(own["serial"], 2);
    for (refused, status) in [
        (wish(&bob, &good), 404),
        (wish(&ada, &json!({ "components": told(), "hours": 0 })), 422),
        (wish(&ada, &json!({ "components": [] })), 403),
        (wish(&ada, &json!({ "hours": 3 })), 400),
        (wish(&ada, &json!({ "components": [{ "kind": "soul", "value": "x" }] })), 400),
        (Ask::new("POST", "/api/v1/machine/certificate").bearer("cm_no").json(&good), 401),
        (Ask::new("POST", "/api/v1/machine/certificate").json(&good), 401),
        (ada.ask("POST", "/machine/certificate").json(&good), 401),
    ] {
        let told = ask(&mut seen, &refused, &world);
        assert_eq!(told.status, status, "{} {} {}", refused.path, String::from_utf8_lossy(&refused.body), told.json());
    }
    let shown = ada.ask("GET", &format!("/machines/{machine}")).send(world.address).expect(200).json();
    assert_eq!(shown["certificate"]["serial"], 2);
    let listed =
        ask(&mut seen, &ada.ask("GET", &format!("/machines/{machine}/certificates")), &world).expect(200).json();
    let serials: Vec<_> = listed["items"].as_array().expect("items").iter().map(|one| one["serial"].clone()).collect();
    assert_eq!(serials, [2, 1]);
    ask(&mut seen, &bob.ask("GET", &format!("/machines/{machine}/certificates")), &world).expect(404);
    fits(&seen);
}

#[test]
fn revocations_are_a_signed_list_for_who_signed_in_and_for_machines() {
    let world = World::new();
    let ada = world.person("ada");
    let (machine, token) = bound(&ada);
    let mut seen = Vec::new();
    let list = Ask::new("GET", "/api/v1/machines/revocations");
    ask(&mut seen, &list, &world).expect(401);
    let before = ask(&mut seen, &list.clone().bearer(&token), &world).expect(200).json();
    assert_eq!((&before["upto"], &before["more"], &before["items"]), (&json!(0), &json!(false), &json!([])));
    let shown = ada.ask("GET", &format!("/machines/{machine}")).send(world.address).expect(200).json();
    let code = MachineCode::new(shown["code"].as_str().expect("a code")).expect("a code");
    let caller = Caller::account(chatelaine_core::ids::AccountId::new(ada.id), Dialect::Web);
    release(&world.core, &caller, &code, Release::Own { cooldown_days: 0, per_year: 0 }).expect("released");
    ask(&mut seen, &list.clone().bearer(&token), &world).expect(401);
    let after = ask(&mut seen, &ada.ask("GET", "/machines/revocations?after=0"), &world).expect(200).json();
    assert_eq!(after["items"], json!([{ "machine": machine, "notice": 1 }]));
    let mut known = chatelaine_core::machines::certificates::Revocations::default();
    known.add(after["text"].as_str().expect("text"), &keys(&world), world.core.now()).expect("signed");
    let rest = ask(&mut seen, &ada.ask("GET", "/machines/revocations?after=1"), &world).expect(200).json();
    assert_eq!(rest["items"], json!([]));
    ask(&mut seen, &ada.ask("GET", "/machines/revocations?after=x"), &world).expect(400);
    fits(&seen);
}

#[test]
fn a_request_code_binds_a_machine_and_a_slip_is_named() {
    let world = World::new();
    let ada = world.person("ada");
    let mut seen = Vec::new();
    let request = Request { nonce: [7; 8], components: computer() };
    let bring = |code: &str| ada.ask("POST", "/machines/requests").json(&json!({ "code": code, "name": "Vault" }));
    let slipped = request.code().replacen(|letter: char| letter != '0', "0", 1);
    let told = ask(&mut seen, &bring(&slipped), &world).expect(400).json();
    assert!(told["detail"].as_str().is_some_and(|text| text.contains("line 1")), "{told}");
    let done = ask(&mut seen, &bring(&request.code().to_lowercase()), &world).expect(201).json();
    assert_eq!((&done["machine"]["name"], &done["machine"]["certificate"]["serial"]), (&json!("Vault"), &json!(1)));
    let text = done["certificate"]["text"].as_str().expect("text");
    let good = verify(text, &computer(), &place(&keys(&world), world.core.now())).expect("good");
    assert_eq!(good.certificate.request, Some([7; 8]));
    let stranger = Ask::new("POST", "/api/v1/machines/requests").json(&json!({ "code": request.code() }));
    ask(&mut seen, &stranger, &world).expect(401);
    fits(&seen);
}

#[test]
fn keys_are_listed_and_replaced_by_administrators_and_known_to_all() {
    let world = World::new();
    let (chief, ada) = (world.administrator("chief"), world.person("ada"));
    let mut seen = Vec::new();
    let first = keys(&world);
    ask(&mut seen, &ada.ask("GET", "/admin/keys"), &world).expect(403);
    let rotate = |who: &Person, body: &Value| who.ask("POST", "/admin/keys/rotate").json(body);
    ask(&mut seen, &rotate(&ada, &json!({})), &world).expect(403);
    let second = ask(&mut seen, &rotate(&chief, &json!({})), &world).expect(201).json();
    assert_eq!(second["number"], 2);
    let text = second["announced"].as_str().expect("a text");
    let learned = PublicKey::announced_by(&first, text, world.core.now()).expect("announced");
    assert_eq!(Some(&learned.public), keys(&world).first().map(|key| &key.public));
    assert_eq!(keys(&world).len(), 2);
    ask(&mut seen, &rotate(&chief, &json!({ "distrust": true })), &world).expect(201);
    let trusted: Vec<_> = keys(&world).iter().map(|key| key.id.get()).collect();
    assert_eq!(trusted, [3, 1]);
    let all = ask(&mut seen, &chief.ask("GET", "/admin/keys"), &world).expect(200).json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(3));
    let verified = ask(&mut seen, &chief.ask("GET", "/admin/audit/verify"), &world).expect(200).json();
    assert_eq!(
        (&verified["whole"], &verified["broken_at"], &verified["heads"]),
        (&json!(true), &json!(null), &json!(0))
    );
    world.clock.wind(std::time::Duration::from_secs(24 * 3_600));
    chatelaine_core::audit::sign_due(&world.core).expect("signed");
    let heads = ask(&mut seen, &chief.ask("GET", "/admin/audit/heads"), &world).expect(200).json();
    assert_eq!((&heads["items"][0]["day"], &heads["next"]), (&json!("2027-01-15"), &json!(null)));
    ask(&mut seen, &ada.ask("GET", "/admin/audit/heads"), &world).expect(403);
    fits(&seen);
}

/// Checks the signature of an answer as RFC 9421 has it: `lines` are the covered parts as the client knows them.
fn is_signed(world: &World, answer: &Answer, lines: &str) -> bool {
    let input = answer.header("signature-input").expect("an input").strip_prefix("sig=").expect("our label");
    let signature = answer.header("signature").expect("a signature");
    let bytes = signature.strip_prefix("sig=:").and_then(|text| text.strip_suffix(':')).expect("bytes");
    let bytes = STANDARD.decode(bytes).expect("base64").try_into().expect("64 bytes");
    let base = format!("{lines}\n\"@signature-params\": {input}");
    keys(world).iter().any(|key| key.has_signed(base.as_bytes(), &Signature::from_bytes(bytes)))
}

fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

#[test]
fn an_answer_is_signed_over_what_the_client_names_with_its_nonce() {
    let world = World::new();
    let ada = world.person("ada");
    let wish = "sig=(\"@status\" \"content-digest\" \"content-type\" \"@method\";req \"@path\";req \"@query\";req \"@authority\";req \
                \"x-own\";req);created;expires;nonce=\"b3k2\";tag=\"app\";alg=\"ed25519\";keyid=\"1\"";
    let get = |path: &str| ada.ask("GET", path).header("Accept-Signature", wish).header("X-Own", " one ");
    for (path, status, query) in [("/machines?state=bound", 200, "state=bound"), ("/machines/99", 404, "")] {
        let answer = get(path).send(world.address).expect(status);
        let (body, kind) = (digest(&answer.body), answer.header("content-type").expect("a type").to_owned());
        assert_eq!(answer.header("content-digest"), Some(body.as_str()));
        let input = answer.header("signature-input").expect("an input");
        let made = "created=1800000000;expires=1800000300;nonce=\"b3k2\";alg=\"ed25519\";keyid=\"1\";tag=\"app\"";
        assert!(input.ends_with(&format!(";{made}")), "{input}");
        let only_path = path.split('?').next().unwrap_or_default();
        let lines = format!(
            "\"@status\": {status}\n\"content-digest\": {body}\n\"content-type\": {kind}\n\"@method\";req: GET\n\
             \"@path\";req: /api/v1{only_path}\n\"@query\";req: ?{query}\n\"@authority\";req: {}\n\"x-own\";req: one",
            world.address
        );
        assert!(is_signed(&world, &answer, &lines), "{path}");
        assert!(!is_signed(&world, &answer, &lines.replace("GET", "PUT")));
    }
}

#[test]
fn wishes_that_cannot_be_met_are_ignored_and_the_answer_comes_all_the_same() {
    let world = World::new();
    let ada = world.person("ada");
    let part = "(\"@status\" \"content-digest\")";
    let many = format!("sig=({})", (0..21).map(|at| format!("\"x-{at}\";req")).collect::<Vec<_>>().join(" "));
    for wish in [
        "sig",
        "sig=1",
        "sig=()",
        "not a dictionary ((",
        "sig=(\"@status\" \"x-not-there\")",
        "sig=(\"@unknown\")",
        "sig=(\"@status\";sf)",
        "sig=(\"@status\" \"@status\")",
        "sig=(\"content-digest\";req)",
        "sig=(status)",
        &format!("sig={part};alg=\"rsa-v1_5-sha256\""),
        &format!("sig={part};keyid=\"2\""),
        &format!("sig={part};nonce=\"{}\"", "x".repeat(3_000)),
        &many,
    ] {
        let answer = ada.ask("GET", "/machines").header("Accept-Signature", wish).send(world.address).expect(200);
        let signed = (answer.header("signature-input"), answer.header("signature"));
        assert_eq!(signed, (None, None), "{wish}");
        assert_eq!(answer.json()["items"], json!([]), "{wish}");
    }
    let two = format!("bad=(\"@unknown\"), sig={part}");
    let answer = ada.ask("GET", "/machines").header("Accept-Signature", &two).send(world.address).expect(200);
    let lines = format!("\"@status\": 200\n\"content-digest\": {}", digest(&answer.body));
    assert!(is_signed(&world, &answer, &lines), "one wish does not hinder the other");
    let plain = ada.ask("GET", "/machines").send(world.address).expect(200);
    assert_eq!(plain.header("content-digest"), None);
    let elsewhere =
        ada.ask("GET", "/me").header("Accept-Signature", &format!("sig={part}")).send(world.address).expect(200);
    assert_eq!(elsewhere.header("signature"), None, "answers about machines alone");
}
