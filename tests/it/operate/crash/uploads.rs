//! Long uploads that a crash cuts in the middle: what was acknowledged is kept, the rest is sent again, the file is whole.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::super::program::PATIENCE;
use super::book::{Dice, Stored, good, number};
use super::wire::Line;
use super::{compare, data, sign_up, start, verify};

const SIZE: usize = 3_000_000;
const PIECE: usize = 1_000_000;

#[test]
fn an_upload_that_was_killed_half_way_goes_on_from_its_last_piece() {
    for engine in ["sled", "redb"] {
        let folder = tempfile::tempdir().unwrap();
        let bytes = Dice::bytes(7, SIZE);
        let server = start(&data(&folder), engine, "", &["accounts.sign_up=open"]);
        let (_, token) = sign_up(server.address, 1);
        let mut line = Line::new(server.address, &token);
        let new = json!({ "name": "long.bin", "size": SIZE });
        let id = number(&good(line.json("POST", "/uploads", &new).unwrap()).unwrap().json()["id"]);
        good(line.raw("PUT", &format!("/uploads/{id}?offset=0"), &bytes[..PIECE]).unwrap()).unwrap();
        let half = &bytes[PIECE..PIECE + PIECE / 2];
        let _cut = begin(server.address, &token, &format!("PUT /api/v1/uploads/{id}?offset={PIECE}"), (PIECE, half));
        server.kill();

        // Finishing hangs where the body has its name and the row is not yet written.
        let server = start(&data(&folder), engine, "blob-after-rename=sleep(600000)", &[]);
        let mut line = Line::new(server.address, &token);
        assert_eq!(compare::yes(&mut line, &format!("/uploads/{id}"))["received"], PIECE, "pieces count whole");
        for from in [PIECE, 2 * PIECE] {
            let path = format!("/uploads/{id}?offset={from}");
            good(line.raw("PUT", &path, &bytes[from..from + PIECE]).unwrap()).unwrap();
        }
        let _cut = begin(server.address, &token, &format!("POST /api/v1/uploads/{id}/finish"), (0, &[]));
        await_body(&data(&folder).join("blobs"));
        server.kill();

        let server = start(&data(&folder), engine, "", &[]);
        let mut line = Line::new(server.address, &token);
        let file = good(line.ask("POST", &format!("/uploads/{id}/finish")).unwrap()).unwrap().json();
        compare::has_bytes(&mut line, Stored { id: number(&file["id"]), seed: 7, size: SIZE });
        assert_eq!(line.ask("GET", &format!("/uploads/{id}")).unwrap().status, 404, "the upload became the file");
        server.kill();
        verify(&data(&folder));
    }
}

/// Sends a request whose body stops half-way or whose answer nobody reads; gives the open connection.
fn begin(address: SocketAddr, token: &str, first: &str, (length, body): (usize, &[u8])) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let kind = "content-type: application/octet-stream";
    let head = format!("{first} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{kind}\r\n");
    write!(stream, "{head}content-length: {length}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    stream
}

/// Waits until a body has its name: a folder of two hex digits beside `tmp`.
fn await_body(blobs: &Path) {
    let latest = Instant::now() + PATIENCE;
    while fs::read_dir(blobs).unwrap().count() < 2 {
        assert!(Instant::now() < latest, "no body came");
        thread::park_timeout(Duration::from_millis(5));
    }
}
