//! The chain of the audit trail worked out by a reader who has nothing but the answers of a list, in both dialects that have one.

use chatelaine_core::server_roles::ADMINISTRATOR;
use chatelaine_core::{Caller, ids::AccountId, server_roles, settings};
use serde_json::{Value, json};

use crate::client::Ask;
use crate::world::{PASSWORD, World};

/// What a list says of the chain: number, what is hashed and link of each row, newest first.
type Said = Vec<(u64, String, String)>;

fn said(rows: &Value, number: &str) -> Said {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let row = |row: &Value| (row[number].as_u64().expect("a number"), text(&row["hashed"]), text(&row["link"]));
    rows.as_array().expect("rows").iter().map(row).collect()
}

/// The fields in a text of `LENGTH:TEXT,`.
fn fields(mut text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some((length, rest)) = text.split_once(':') {
        let (field, rest) = rest.split_at(length.parse().expect("a length"));
        found.push(field);
        text = rest.strip_prefix(',').expect("a comma");
    }
    assert_eq!(text, "");
    found
}

/// The number of the first row, from the oldest on, whose link is not that of its text and of the link before.
fn first_broken(newest_first: &Said) -> Option<u64> {
    let mut before = vec![0; 32];
    for (due, (number, hashed, link)) in (1..).zip(newest_first.iter().rev()) {
        let all = [before.as_slice(), hashed.as_bytes()].concat();
        if *number != due || blake3::hash(&all).to_hex().as_str() != link {
            return Some(due);
        }
        before = hex::decode(link).expect("hexadecimal digits");
    }
    None
}

fn is_told_by(all: &Said) {
    assert_eq!((all.len() >= 5, first_broken(all)), (true, None));
    let with = |change: fn(&mut Said)| {
        let mut other = all.clone();
        change(&mut other);
        first_broken(&other)
    };
    assert_eq!(with(|rows| drop(rows.remove(2))), Some(all.len() as u64 - 2));
    assert_eq!(with(|rows| rows[1].1 = rows[1].1.replace("server", "serves")), Some(all.len() as u64 - 1));
}

fn changed_often(world: &World) {
    for name in ["one", "two", "three", "four"] {
        settings::set(&world.core, &Caller::operator(), "server.name", name).expect("a setting");
    }
}

#[test]
fn the_chain_is_worked_out_from_the_pages_of_our_own_list_alone() {
    let world = World::with_sets(&[]);
    let eve = world.administrator("eve");
    changed_often(&world);
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = eve.get(&format!("/admin/audit?limit=2{after}")).expect(200).json();
        for row in page["items"].as_array().expect("rows") {
            let hashed = row["hashed"].as_str().expect("a text");
            let [id, at, _, dialect, _, target, detail] = fields(hashed).try_into().expect("seven fields");
            let shown = [&row["at"], &row["dialect"], &row["target"], &row["detail"]].map(|text| text.as_str());
            assert_eq!((row["id"].to_string().as_str(), shown), (id, [at, dialect, target, detail].map(Some)));
        }
        all.extend(said(&page["items"], "id"));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    is_told_by(&all);
}

#[test]
fn the_chain_is_worked_out_from_the_pages_of_the_aegisspeed_list_alone() {
    let world = World::with_sets(&[]);
    let post = |path: &str, body: &Value| Ask::new("POST", path).json(body).send(world.address).expect(200).json();
    let rider = json!({
        "user_id": "11010519491231002X", "user_name": "Zhang San", "user_phone_number": "13800138001",
        "user_email": "ann@example.com", "user_password": PASSWORD,
    });
    post("/user/register/register_user_info", &rider);
    server_roles::grant(&world.core, &Caller::operator(), AccountId::new(1), ADMINISTRATOR).expect("the role is given");
    let told = post(
        "/user/login/login_admin_info_by_aegisspeed_id",
        &json!({ "user_AegisSpeed_id": "ASD000001", "user_password": PASSWORD }),
    );
    let token = told["token"].as_str().expect("a token");
    changed_often(&world);
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let ask = Ask::new("GET", &format!("/admin/audit/list?limit=2{before}")).bearer(token);
        let page = ask.send(world.address).expect(200).json();
        all.extend(said(&page["data"]["entries"], "entry_id"));
        match page["data"]["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    is_told_by(&all);
}
