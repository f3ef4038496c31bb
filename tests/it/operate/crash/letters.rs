//! Letters that were promised before a crash: each is delivered after it, and hardly one of them twice.
//!
//! The program is killed where the mail server has a letter and the program does not know it yet, and anywhere while people
//! ask for letters. Letters go one after the other, so a kill can repeat one at most.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::SystemTime;

use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyRequest;
use chatelaine_ourchat_pb::service::auth::v1::auth_service_client::AuthServiceClient;
use tonic::transport::{Channel, Endpoint};

use super::super::program::Server;
use super::book::Dice;
use super::{data, start, verify};
use crate::smtp::{Manners, Smtp};

/// Letters that the mail server has before the first kill.
const BEFORE: usize = 3;
/// Letters that are asked for before the first kill.
const FIRST: usize = 10;
/// Letters that are asked for before the mail server has taken the first of them.
const AHEAD: usize = 20;

#[test]
fn a_letter_that_was_promised_is_delivered_although_the_server_is_killed_twice() {
    for engine in ["sled", "redb"] {
        let folder = tempfile::tempdir().unwrap();
        let dir = data(&folder);
        let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        eprintln!("{engine}: seed {seed}");
        let mut delivered: Vec<String> = Vec::new();

        // The mail server takes one letter more and dies away before it says so.
        let smtp = Smtp::start(Manners { mute_after: Some(BEFORE), ..Manners::default() });
        let server = serve(&dir, engine, &smtp);
        let mut promised: Vec<String> = (0..FIRST).map(|at| format!("early{at}@example.org")).collect();
        assert_eq!(ask_until_gone(server.address, promised.iter().cloned()), promised);
        delivered.extend((0..=BEFORE).map(|_| smtp.letter()));
        server.kill();
        assert!(smtp.letters().is_empty());

        // The second one is welcome at the mail server, and killed while people go on asking.
        let smtp = Smtp::start(Manners::default());
        let server = serve(&dir, engine, &smtp);
        let address = server.address;
        let (permit, permits) = mpsc::channel();
        let asking = thread::spawn(move || {
            let late = permits.iter().enumerate().map(|(at, ())| format!("late{at}@example.org"));
            ask_until_gone(address, late)
        });
        (0..AHEAD).for_each(|_| permit.send(()).unwrap());
        let most = FIRST + 5 + usize::try_from(Dice(seed).roll(20)).unwrap();
        for _ in 0..most {
            delivered.push(smtp.letter());
            (0..2).for_each(|_| permit.send(()).unwrap());
        }
        server.kill();
        drop(permit);
        let late = asking.join().unwrap();
        assert!(late.len() > 5, "{late:?}");
        promised.extend(late);

        // Letters go in the order in which they were asked for, so after the last one there is none.
        verify(&dir);
        let smtp2 = Smtp::start(Manners::default());
        let server = serve(&dir, engine, &smtp2);
        let last = "last@example.org".to_owned();
        assert_eq!(ask_until_gone(server.address, [last.clone()].into_iter()), [last.as_str()]);
        delivered.extend(smtp.letters());
        while delivered.last().is_none_or(|letter| to(letter) != last) {
            delivered.push(smtp2.letter());
        }
        server.kill();
        compare(&promised, &delivered);
    }
}

fn compare(promised: &[String], delivered: &[String]) {
    let mut times: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    delivered.iter().for_each(|letter| times.entry(to(letter)).or_default().push(letter));
    let missing: Vec<&String> = promised.iter().filter(|address| !times.contains_key(*address)).collect();
    assert!(missing.is_empty(), "PROMISED and lost: {missing:?}");
    let twice: Vec<(&String, &Vec<&String>)> = times.iter().filter(|(_, letters)| letters.len() > 1).collect();
    let name = |letter: &str| head(letter, "Message-ID: ");
    assert!(twice.iter().all(|(_, letters)| letters.len() == 2 && name(letters[0]) == name(letters[1])), "{twice:?}");
    assert!(twice.len() <= 2, "more than one letter of a kill: {twice:?}");
    assert_eq!(twice[0].0, &format!("early{BEFORE}@example.org"), "the program could not know that it was taken");
}

/// Asks for a letter to each address; gives those to whom it was promised before the server was gone.
fn ask_until_gone(address: SocketAddr, to: impl Iterator<Item = String>) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        let mut promised = Vec::new();
        let Ok(channel) = endpoint.connect().await else { return promised };
        let mut client: AuthServiceClient<Channel> = AuthServiceClient::new(channel);
        for email in to {
            match client.verify(VerifyRequest { email: email.clone() }).await {
                Ok(_) => promised.push(email),
                Err(_) => break,
            }
        }
        promised
    })
}

fn serve(dir: &Path, engine: &str, smtp: &Smtp) -> Server {
    let port = format!("mail.port={}", smtp.address.port());
    let mail = ["mail.server=127.0.0.1", &port, "mail.security=none", "mail.from=chat@example.org"];
    start(dir, engine, "", &[&mail[..], &["ourchat.verify_email_expiry=3600"]].concat())
}

fn to(letter: &str) -> String {
    head(letter, "To: ")
}

fn head(letter: &str, name: &str) -> String {
    letter.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the head").to_owned()
}
