//! A disk that is full: writes are refused with "storage full", reads go on, and with space again everything works.
//!
//! Full is what the reserve says: the server leaves so much of the file system free. It is set beyond what any disk has.

use serde_json::json;

use super::super::program::{path, run};
use super::book::{Dice, Stored, good, number};
use super::wire::Line;
use super::{compare, data, open_room, sign_up, start, verify};

#[test]
fn a_full_disk_refuses_writes_and_goes_on_serving_reads() {
    for engine in ["sled", "redb"] {
        let folder = tempfile::tempdir().unwrap();
        let server = start(&data(&folder), engine, "", &["accounts.sign_up=open"]);
        let (_, token) = sign_up(server.address, 1);
        let mut line = Line::new(server.address, &token);
        let room = open_room(&mut line, "Room");
        let messages = format!("/rooms/{room}/messages");
        good(line.json("POST", &messages, &json!({ "text": "before" })).unwrap()).unwrap();
        let file = good(line.raw("POST", "/files?name=a", &Dice::bytes(1, 9_000)).unwrap()).unwrap().json();
        let file = Stored { id: number(&file["id"]), seed: 1, size: 9_000 };
        server.kill();
        if engine == "redb" {
            // With an administrator there is no setup token to make; without one it has to wait for space.
            run(&["admin", "grant", "--data", path(&data(&folder)), "--account", "person1", "--role", "admin"]).good();
        }

        let server = start(&data(&folder), engine, "", &["store.reserve_bytes=1048576GiB"]);
        let mut line = Line::new(server.address, &token);
        let refused = [
            line.json("POST", &messages, &json!({ "text": "while full" })).unwrap(),
            line.raw("POST", "/files?name=b", &Dice::bytes(2, 9_000)).unwrap(),
            line.json("POST", "/uploads", &json!({ "name": "c", "size": 9_000 })).unwrap(),
            line.ask("DELETE", &format!("{messages}/1")).unwrap(),
        ];
        for answer in refused {
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (507, Some("storage-full")),
                "{}",
                answer.text()
            );
        }
        assert_eq!(compare::yes(&mut line, &messages)["items"][0]["text"], "before");
        compare::has_bytes(&mut line, file);
        server.kill();

        let server = start(&data(&folder), engine, "", &[]);
        let mut line = Line::new(server.address, &token);
        let sent = good(line.json("POST", &messages, &json!({ "text": "after" })).unwrap()).unwrap().json();
        assert_eq!(sent["offset"], 2, "what was refused left nothing");
        good(line.raw("POST", "/files?name=b", &Dice::bytes(2, 9_000)).unwrap()).unwrap();
        server.kill();
        verify(&data(&folder));
    }
}
