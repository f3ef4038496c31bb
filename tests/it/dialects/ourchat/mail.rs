//! Letters: from the rpc through the outbox to a mail server, and what happens when that does not take them.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, mpsc};
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
use crate::client::{Ask, PATIENCE};
use crate::world::World;

/// A mail server on this machine that answers each reader as it is told, and keeps what it took.
struct Smtp {
    address: SocketAddr,
    taken: mpsc::Receiver<String>,
}

impl Smtp {
    /// `readers` are its answers to one reader after the other; later ones are welcome.
    fn start(readers: Vec<&'static str>) -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (keep, taken) = mpsc::channel();
        let mut readers = readers.into_iter();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let reader = readers.next().unwrap_or("250 welcome");
                let Ok(stream) = stream else { return };
                if let Some(letter) = talk(stream, reader)
                    && keep.send(letter).is_err()
                {
                    return;
                }
            }
        });
        Smtp { address, taken }
    }

    fn letter(&self) -> String {
        self.taken.recv_timeout(PATIENCE).expect("a letter")
    }

    fn has_none(&self) -> bool {
        self.taken.try_recv().is_err()
    }
}

/// One conversation; the letter, if one was taken.
fn talk(stream: TcpStream, reader: &str) -> Option<String> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut out = stream;
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).ok();
    say("220 here")?;
    let mut letter = None;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return letter;
        }
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" | "MAIL" | "RSET" => say("250 ok")?,
            "RCPT" => {
                assert_eq!(line.trim_end(), "RCPT TO:<ann@example.org>");
                say(reader)?;
            }
            "DATA" => {
                say("354 go on")?;
                let mut text = String::new();
                loop {
                    let mut line = String::new();
                    lines.read_line(&mut line).ok()?;
                    if line == ".\r\n" {
                        break;
                    }
                    text.push_str(&line);
                }
                letter = Some(text);
                say("250 taken")?;
            }
            "QUIT" => {
                say("221 bye");
                return letter;
            }
            _ => say("500 what")?,
        }
    }
}

fn mailer(server: SocketAddr, more: &[&str]) -> Mailer {
    let mut set = vec![
        format!("mail.server={}", server.ip()),
        format!("mail.port={}", server.port()),
        "mail.security=none".to_owned(),
        "mail.from=Chat <chat@example.org>".to_owned(),
    ];
    set.extend(more.iter().map(|text| (*text).to_owned()));
    let loaded = load(&Sources { set, ..Sources::default() }).expect("good settings");
    Mailer::new(&loaded.config.mail, Path::new("/nowhere")).expect("a mailer")
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
    let smtp = Smtp::start(vec![]);
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
    let smtp = Smtp::start(vec!["450 later", "451 still later"]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &[]));
    put(&world.core);
    for wait_s in [5, 10] {
        assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
        assert_eq!(outbox::due(&world.core, 9), Ok(Vec::new()), "not at once");
        world.clock.wind(Duration::from_secs(wait_s));
        assert!(smtp.has_none());
    }
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(1));
    let letter = smtp.letter();
    assert!(letter.contains("Subject: hello\r\n") && letter.contains("words"), "{letter}");
    assert!(
        letter.contains("Content-Type: text/plain") && !letter.contains("multipart"),
        "no page, no parts: {letter}"
    );
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0), "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_letter_that_is_refused_for_good_is_given_up_at_once() {
    let smtp = Smtp::start(vec!["550 nobody"]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &[]));
    put(&world.core);
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    world.clock.wind(Duration::from_secs(200));
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    assert!(smtp.has_none());
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
    let smtp = Smtp::start(vec![]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &[]));
    put(&world.core);
    world.clock.wind(Duration::from_secs(300));
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    assert_eq!(outbox::due(&world.core, 9), Ok(Vec::new()));
    assert!(smtp.has_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_mail_server_without_tls_gets_no_letter_where_tls_is_asked_for() {
    let smtp = Smtp::start(vec![]);
    let (world, mailer) = (World::new(), mailer(smtp.address, &["mail.security=starttls"]));
    put(&world.core);
    assert_eq!(jobs::mail::run(&world.core, &mailer).await, Ok(0));
    assert!(smtp.has_none());
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
}
