//! The settings of this dialect while the server runs: who may change them, that a change holds for the next request, is
//! written down, and goes back to what the file says.

use serde_json::json;

use crate::client::Ask;
use crate::world::{Person, World};

const VERSION: &str = "/verify/verify_client_version_number";
const SWITCH: &str = "aegis.open.verify_client_version_number";

fn change(who: &Person, name: &str, value: Option<&str>) -> u16 {
    let body = json!({ "name": name, "value": value });
    who.ask("PATCH", "/admin/settings").json(&body).send(who.address).status
}

fn version(world: &World) -> u16 {
    Ask::new("GET", VERSION).send(world.address).status
}

#[test]
fn an_administrator_closes_and_opens_an_endpoint_and_the_trail_tells_it() {
    let world = World::with_sets(&[]);
    let (eve, ann) = (world.administrator("eve"), world.person("ann"));
    assert_eq!(version(&world), 200);
    assert_eq!(change(&ann, SWITCH, Some("false")), 403);
    assert_eq!(version(&world), 200);
    assert_eq!(change(&eve, SWITCH, Some("false")), 204);
    assert_eq!(version(&world), 403);
    assert_eq!(change(&eve, SWITCH, None), 204);
    assert_eq!(version(&world), 200, "back to what the file says");
    let trail = eve.get("/admin/audit").expect(200).json();
    let told = trail["items"].as_array().expect("rows").iter().filter(|row| row.to_string().contains(SWITCH)).count();
    assert_eq!(told, 2);
}

#[test]
fn a_value_that_does_not_fit_is_refused_and_the_secret_cannot_be_changed_there() {
    let world = World::with_sets(&[]);
    let eve = world.administrator("eve");
    assert_eq!(change(&eve, "aegis.language", Some("fr")), 422);
    assert_eq!(change(&eve, "aegis.time_zone", Some("Mars")), 422);
    assert_ne!(change(&eve, "aegis.dev_public_token", Some("x")), 204);
    assert_eq!(change(&eve, "aegis.client_version", Some("V9")), 204);
    let told = Ask::new("GET", VERSION).send(world.address).expect(200).json();
    assert_eq!(told["data"]["CLIENT_VERSION"], "V9");
}
