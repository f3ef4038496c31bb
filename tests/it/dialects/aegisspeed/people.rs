//! People of this dialect: races, what ends a token, and one account in every dialect.

use std::sync::Barrier;

use chatelaine_core::ids::AccountId;
use chatelaine_core::server_roles::{self, NewServerRole, Scope, ServerPermission, ServerPermissions};
use chatelaine_core::{Caller, Until, accounts, logins};
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::world::{PASSWORD, World};

const REGISTER: &str = "/user/register/register_user_info";
const LOGIN: &str = "/user/login/login_user_info";

/// An identity number with this serial number.
fn number(serial: u32) -> String {
    let digits = format!("11010519900307{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11])
}

fn post(world: &World, path: &str, body: &Value) -> Answer {
    Ask::new("POST", path).json(body).send(world.address)
}

fn rider(number: &str, phone: u64, email: &str) -> Value {
    json!({
        "user_id": number, "user_name": "Zhang San", "user_phone_number": phone.to_string(), "user_email": email,
        "user_password": PASSWORD,
    })
}

/// Registers somebody; the token and the number of the account.
fn register(world: &World, serial: u32) -> (String, u64) {
    let email = format!("rider{serial}@example.org");
    let told =
        post(world, REGISTER, &rider(&number(serial), 13_800_000_000 + u64::from(serial), &email)).expect(200).json();
    let id = told["data"]["user_AegisSpeed_id"]
        .as_str()
        .expect("an id")
        .trim_start_matches("ASD")
        .parse()
        .expect("a number");
    (told["token"].as_str().expect("a token").to_owned(), id)
}

fn info(world: &World, token: &str) -> u16 {
    Ask::new("GET", "/user/info/get_user_info").bearer(token).send(world.address).status
}

/// Sends these at the same moment; the codes that come back, sorted.
fn at_once(world: &World, path: &str, bodies: &[Value]) -> Vec<String> {
    let start = Barrier::new(bodies.len());
    let code = |body: &Value| {
        start.wait();
        post(world, path, body).json()["code"].as_str().expect("a code").to_owned()
    };
    let mut codes: Vec<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = bodies.iter().map(|body| scope.spawn(|| code(body))).collect();
        asked.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    codes.sort();
    codes
}

#[test]
fn of_sixteen_who_register_one_number_phone_or_address_at_once_one_succeeds() {
    let world = World::new();
    for (which, refused) in [(0, "10005"), (1, "10006"), (2, "10007")] {
        let base = 100 * (which + 1);
        let bodies: Vec<Value> = (0..16)
            .map(|one| {
                let own = |part: u32| if part == which { base } else { base + one };
                let email = format!("rider{}@example.org", own(2));
                rider(&number(own(0)), 13_800_000_000 + u64::from(own(1)), &email)
            })
            .collect();
        let codes = at_once(&world, REGISTER, &bodies);
        assert_eq!(codes.iter().filter(|code| *code == "10000").count(), 1, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| *code == refused).count(), 15, "{codes:?}");
    }
}

#[test]
fn of_fifty_machines_that_are_bound_at_once_as_many_are_as_may_and_one_code_only_once() {
    let world = World::with_aegis(|_, aegis| aegis.max_machines_per_user = 3);
    register(&world, 1);
    register(&world, 2);
    let machine = |person: u32, code: String| {
        json!({
            "user_id": number(person), "machine_code": code, "windows_uuid": "", "windows_product_id": "", "machine_os_name": "",
            "machine_os_version": "", "machine_architecture": "", "machine_architecture_type": "", "machine_platform": "",
            "machine_cpu": "", "machine_motherboard": "", "machine_mac_address": "",
        })
    };
    let path = "/machine/register/register_machine_info";
    let many: Vec<Value> = (0..50).map(|one| machine(1, format!("{one:032}"))).collect();
    let codes = at_once(&world, path, &many);
    assert_eq!(codes.iter().filter(|code| *code == "10000").count(), 3, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "19003").count(), 47, "{codes:?}");
    let same: Vec<Value> = (0..16).map(|_| machine(2, "z".repeat(32))).collect();
    let codes = at_once(&world, path, &same);
    assert_eq!(codes.iter().filter(|code| *code == "10000").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "10004").count(), 15, "{codes:?}");
}

#[test]
fn a_new_password_a_new_role_a_lock_and_signing_out_everywhere_end_every_token() {
    let world = World::new();
    let (first, id) = register(&world, 1);
    let (core, operator, account) = (&world.core, Caller::operator(), AccountId::new(id));
    let login = || post(&world, LOGIN, &json!({ "user_id": number(1), "user_password": PASSWORD })).json();
    let fresh = || login()["token"].as_str().expect("a token").to_owned();
    let second = fresh();
    assert_ne!(first, second);
    assert_eq!((info(&world, &first), info(&world, &second)), (200, 200), "several logins hold side by side");
    for end in ["role", "password", "out", "lock"] {
        let token = fresh();
        assert_eq!(info(&world, &token), 200, "{end}");
        match end {
            "role" => {
                let permissions = ServerPermissions::of(&[ServerPermission::ViewUsers]);
                let new = NewServerRole {
                    name: "helper".to_owned(),
                    description: String::new(),
                    permissions,
                    scope: Scope::Everybody,
                };
                let role = server_roles::make(core, &operator, new).expect("a role").id;
                server_roles::grant(core, &operator, account, role).map(drop).expect("the role is given");
            }
            "password" => accounts::set_password(core, &operator, account, PASSWORD.into()).expect("a password"),
            "out" => drop(logins::end_all(core, &operator, account)),
            _ => accounts::lock(core, &operator, account, Until::Forever).expect("a lock"),
        }
        assert_eq!((info(&world, &token), info(&world, &second)), (401, 401), "{end}");
    }
    let locked = login();
    assert_eq!((&locked["status"], &locked["code"]), (&json!(403), &json!("19006")), "after the right password only");
}

#[test]
fn one_account_signs_in_in_every_dialect_and_has_one_number() {
    let world = World::new();
    let (_, id) = register(&world, 1);
    let body = json!({ "account": "rider1@example.org", "password": PASSWORD });
    let signed = post(&world, "/api/v1/logins", &body).expect(201).json();
    assert_eq!(signed["account"]["id"], id);
    assert_eq!(signed["account"]["display_name"], "Zhang San");
}

#[test]
fn who_came_by_our_own_pages_gives_his_details_and_signs_in_here() {
    let world = World::new();
    let ann = world.person("ann");
    let login = || post(&world, LOGIN, &json!({ "user_id": number(7), "user_password": PASSWORD })).json();
    assert_eq!(login()["code"], "10002");
    let details = json!({ "legal_name": "Ann Li", "identity_number": number(7) });
    let given = ann.ask("PATCH", "/me/person").json(&details).send(world.address);
    assert!(given.status < 300, "{}", given.status);
    let told = login();
    assert_eq!(told["code"], "10000");
    let token = told["token"].as_str().expect("a token");
    let about = Ask::new("GET", "/user/info/get_user_info").bearer(token).send(world.address).expect(200).json();
    assert_eq!((&about["data"]["user_name"], &about["data"]["user_nickname"]), (&json!("Ann Li"), &json!("ann")));
}
