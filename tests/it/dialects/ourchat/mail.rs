//! Letters: from the rpc through the outbox to a mail server, and what happens when that does not take them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chatelaine::config::load::{Sources, load};
use chatelaine::jobs;
use chatelaine::outbound::mail::Mailer;
use chatelaine_core::accounts::Email;
use chatelaine_core::outbox::{self, NewLetter};
use chatelaine_core::{Caller, Core};
use chatelaine_ourchat::Outside;
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyRequest;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::harness::Line;
use crate::client::Ask;
use crate::smtp::{Heard, Manners, Smtp, Way, authority_and_server};
use crate::world::World;

fn mailer(server: SocketAddr, more: &[&str]) -> Mailer {
    mailer_in(Path::new("/nowhere"), server, more)
}

fn mailer_in(dir: &Path, server: SocketAddr, more: &[&str]) -> Mailer {
    let mut set = vec![
        format!("mail.server={}", server.ip()),
        format!("mail.port={}", server.port()),
        "mail.security=none".to_owned(),
        "mail.from=Chat <chat@example.org>".to_owned(),
    ];
    set.extend(more.iter().map(|text| (*text).to_owned()));
    let loaded = load(&Sources { set, ..Sources::default() }).expect("good settings");
    Mailer::new(&loaded.config.mail, dir).expect("a mailer")
}

fn put(core: &Core) {
    let to = Email::new("ann@example.org").unwrap();
    let new = NewLetter { to, subject: "hello".into(), text: "words".into(), html: None, life_s: 300 };
    outbox::put(core, &Caller::system(), new).unwrap();
}

/// The text as it was before it was put into a letter.
fn plain(letter: &str) -> String {
    letter.replace("=\r\n", "").replace("=3D", "=").replace("=22", "\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_comes_by_mail_as_text_and_page_and_opening_it_answers_the_stream() {
    let smtp = Smtp::answering(&[]);
    let wake = Arc::new(Notify::new());
    let its_wake = Arc::clone(&wake);
    let world = World::with_outside(
        |_, options| {
            options.email_page = Some("<p><a href=\"[verification_link]\">here</a> or [verification_link]</p>".into())
        },
        move |core| Outside { post: jobs::mail::post(core.clone(), its_wake), github: None },
    );
    let stop = CancellationToken::new();
    let (core, every) = (world.core.clone(), Duration::from_secs(3_600));
    let sending = tokio::spawn(jobs::mail::keep(core, mailer(smtp.address, &[]), wake, every, stop.clone()));
    let ask = VerifyRequest { email: "ann@example.org".to_owned() };
    let mut stream = Line::to(&world).auth().verify(ask).await.unwrap().into_inner();
    let letter = plain(&smtp.letter());
    for head in ["From: Chat <chat@example.org>\r\n", "To: ann@example.org\r\n", "Subject: OurChat Verification\r\n"] {
        assert!(letter.contains(head), "{head} is not in {letter}");
    }
    assert!(letter.contains("multipart/alternative"), "{letter}");
    let link = letter.split("please click \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let token = link.strip_prefix("http://here/v1/verify/confirm?token=").expect("our own address");
    assert!(token.len() == 20 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{token}");
    assert!(letter.contains(&format!("please click \"{link}\" to verify your email")), "{letter}");
    assert!(letter.contains(&format!("<p><a href=\"{link}\">here</a> or {link}</p>")), "{letter}");
    Ask::new("GET", &format!("/v1/verify/confirm?token={token}")).send(world.address).expect(200);
    assert!(stream.message().await.unwrap().is_some());
    stop.cancel();
    sending.await.unwrap();
    assert_eq!(outbox::due(&world.core, 9), Ok(Vec::new()), "what was taken is not kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_letter_that_is_refused_for_now_is_tried_again() {
    let smtp = Smtp::answering(&["450 later", "451 still later"]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &[]));
    put(&world.core);
    for wait_s in [5, 10] {
        assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
        assert_eq!(outbox::due(&world.core, 9), Ok(Vec::new()), "not at once");
        world.clock.wind(Duration::from_secs(wait_s));
        assert!(smtp.letters().is_empty());
    }
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(1));
    let letter = smtp.letter();
    let talks = [smtp.heard(), smtp.heard(), smtp.heard()];
    assert!(talks.iter().all(|heard| heard.contains(&(false, "RCPT TO:<ann@example.org>".to_owned()))), "{talks:?}");
    assert!(letter.contains("Subject: hello\r\n") && letter.contains("words"), "{letter}");
    assert!(
        letter.contains("Content-Type: text/plain") && !letter.contains("multipart"),
        "no page, no parts: {letter}"
    );
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0), "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_letter_that_is_refused_for_good_is_given_up_at_once() {
    let smtp = Smtp::answering(&["550 nobody"]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &[]));
    put(&world.core);
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    world.clock.wind(Duration::from_secs(200));
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    assert!(smtp.letters().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_mail_server_that_is_away_or_silent_is_tried_until_the_letter_has_lapsed() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for (server, more) in [(away, &[][..]), (silent.local_addr().unwrap(), &["mail.timeout=100ms"])] {
        let (world, mailer) = (World::new(), mailer(server, more));
        put(&world.core);
        let mut tries = 0;
        for _ in 0..60 {
            tries += outbox::due(&world.core, 9).unwrap().len();
            assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
            world.clock.wind(Duration::from_secs(5));
        }
        assert_eq!(tries, 6, "at 0, 5, 15, 35, 75 and 155 seconds");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_letter_that_lapsed_while_nobody_sent_is_not_sent() {
    let smtp = Smtp::answering(&[]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &[]));
    put(&world.core);
    world.clock.wind(Duration::from_secs(300));
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    assert_eq!(outbox::due(&world.core, 9), Ok(Vec::new()));
    assert!(smtp.letters().is_empty());
}

/// Whom the mail server lets in.
const KNOWN: (&str, &str, &str) = ("PLAIN LOGIN", "the chat", "pass: \u{f6} word");

/// Nothing came that others could read but what leads to TLS.
#[track_caller]
fn said_nothing_in_clear(heard: &[Heard]) {
    let clear: Vec<&str> = heard.iter().filter(|(secret, _)| !secret).map(|(_, line)| line.as_str()).collect();
    let leads = |line: &&str| line.starts_with("EHLO ") || matches!(*line, "STARTTLS" | "QUIT");
    assert!(clear.iter().all(leads), "{clear:?}");
}

/// A folder with what the settings name in it: an authority and a password.
fn folder(authority: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority).unwrap();
    std::fs::write(folder.path().join("password"), format!("{}\r\nmore\n", KNOWN.2)).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn name_password_and_letter_go_by_tls_alone_in_the_way_that_the_mail_server_knows() {
    let (authority, server) = authority_and_server(Ipv4Addr::LOCALHOST);
    let folder = folder(&authority);
    let (user, password) = ("mail.user=the chat", format!("mail.password={}", KNOWN.2));
    let cases = [
        ("LOGIN PLAIN", "AUTH PLAIN ", "mail.password_file=password"),
        ("LOGIN", "AUTH LOGIN", "mail.password_file=password"),
        ("PLAIN", "AUTH PLAIN ", password.as_str()),
    ];
    for (security, way) in [("starttls", Way::Starttls(Arc::clone(&server))), ("tls", Way::Tls(server))] {
        for (ways, word, password) in cases {
            let sign_in = Some((ways, KNOWN.1, KNOWN.2));
            let smtp = Smtp::start(Manners { way: way.clone(), sign_in, ..Manners::default() });
            let security = format!("mail.security={security}");
            let set = [&security, "mail.authority=ca.pem", user, password];
            let (world, mailer) = (World::new(), mailer_in(folder.path(), smtp.address, &set));
            put(&world.core);
            assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(1));
            assert!(smtp.letter().contains("Subject: hello\r\n"));
            let heard = smtp.heard();
            said_nothing_in_clear(&heard);
            let hidden = |word| heard.iter().any(|(secret, line)| *secret && line.starts_with(word));
            assert!(hidden(word) && hidden("RCPT TO:<ann@example.org>"), "{word}: {heard:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_mail_server_that_cannot_prove_who_it_is_gets_nothing_and_the_letter_waits() {
    let (authority, server) = authority_and_server(Ipv4Addr::LOCALHOST);
    let (its_authority, elsewhere) = authority_and_server(Ipv4Addr::new(192, 0, 2, 1));
    let folders = [folder(&authority), folder(&its_authority)];
    let cases = [
        (&server, &folders[0], "mail.authority="),
        (&server, &folders[1], "mail.authority=ca.pem"),
        (&elsewhere, &folders[1], "mail.authority=ca.pem"),
    ];
    for (server, folder, authority) in cases {
        for security in ["starttls", "tls"] {
            let new = if security == "tls" { Way::Tls } else { Way::Starttls };
            let manners = |server| Manners { way: new(Arc::clone(server)), sign_in: Some(KNOWN), ..Manners::default() };
            let security = format!("mail.security={security}");
            let set = [&security, authority, "mail.user=the chat", "mail.password_file=password"];
            let smtp = Smtp::start(manners(server));
            let (world, mailer) = (World::new(), mailer_in(folder.path(), smtp.address, &set));
            put(&world.core);
            assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
            let heard = smtp.heard();
            said_nothing_in_clear(&heard);
            assert!(heard.iter().all(|(secret, _)| !secret), "{heard:?}");
            assert_eq!((smtp.letters(), outbox::due(&world.core, 9)), (vec![], Ok(vec![])));
            world.clock.wind(Duration::from_secs(5));
            let right = Smtp::start(manners(cases[0].0));
            let set = [&security, "mail.authority=ca.pem", "mail.user=the chat", "mail.password_file=password"];
            let mailer = mailer_in(folders[0].path(), right.address, &set);
            assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(1), "it waited for a way");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_or_missing_password_is_no_fault_of_the_letter() {
    let (authority, server) = authority_and_server(Ipv4Addr::LOCALHOST);
    let folder = folder(&authority);
    let smtp = Smtp::start(Manners { way: Way::Tls(server), sign_in: Some(KNOWN), ..Manners::default() });
    let world = World::new();
    put(&world.core);
    let sign_ins: [(&[&str], u64); 3] = [
        (&["mail.user=the chat", "mail.password=wrong"], 0),
        (&[], 0),
        (&["mail.user=the chat", "mail.password_file=password"], 1),
    ];
    for (sign_in, taken) in sign_ins {
        let set = [&["mail.security=tls", "mail.authority=ca.pem"], sign_in].concat();
        let mailer = mailer_in(folder.path(), smtp.address, &set);
        assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(taken));
        world.clock.wind(Duration::from_secs(10));
    }
    assert!(smtp.letter().contains("Subject: hello\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_mail_server_without_tls_gets_no_letter_where_tls_is_asked_for() {
    let smtp = Smtp::start(Manners { sign_in: Some(KNOWN), ..Manners::default() });
    let set = ["mail.security=starttls", "mail.user=the chat", "mail.password=pass"];
    let (world, mailer) = (World::new(), mailer(smtp.address, &set));
    put(&world.core);
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    said_nothing_in_clear(&smtp.heard());
    assert!(smtp.letters().is_empty());
    assert_eq!(outbox::due(&world.core, 9), Ok(Vec::new()), "it waits for its next try");
}

#[test]
fn files_that_the_settings_name_must_be_there() {
    let with = |text: &str| {
        let set = ["mail.server=localhost", "mail.from=a@example.org", "mail.user=u", text].map(str::to_owned).to_vec();
        let loaded = load(&Sources { set, ..Sources::default() }).expect("good settings");
        Mailer::new(&loaded.config.mail, Path::new("/nowhere")).map(|_| ())
    };
    let why = with("mail.password_file=secret").unwrap_err();
    assert!(why.starts_with("mail.password_file: /nowhere/secret cannot be read"), "{why}");
    assert_eq!(with("mail.password=x"), Ok(()));
    let folder = folder("no certificate");
    let set = ["mail.server=localhost", "mail.from=a@example.org", "mail.authority=ca.pem"].map(str::to_owned).to_vec();
    let loaded = load(&Sources { set, ..Sources::default() }).expect("good settings");
    let why = Mailer::new(&loaded.config.mail, folder.path()).map(|_| ()).unwrap_err();
    assert_eq!(why, "mail.authority: no certificate in PEM");
}
