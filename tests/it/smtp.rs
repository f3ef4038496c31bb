//! A mail server on this machine that has the manners it is told, and keeps what it took and what it heard.
//!
//! It speaks plainly, by STARTTLS or by TLS at once, with certificates of its own making, and holds one conversation after the
//! other on a thread of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::client::PATIENCE;

/// How it behaves. The usual one speaks plainly, knows nobody and takes everything.
#[derive(Clone, Default)]
pub struct Manners {
    /// How the way to it is kept secret.
    pub way: Way,
    /// The ways to sign in that it offers, and the name and password that it lets in; without them everybody.
    pub sign_in: Option<(&'static str, &'static str, &'static str)>,
    /// Its answers to one reader after the other; later ones are welcome.
    pub readers: Vec<&'static str>,
    /// After so many letters it takes one more and does not say so.
    pub mute_after: Option<usize>,
}

/// How the way to a mail server is kept secret.
#[derive(Clone, Default)]
pub enum Way {
    /// Not at all.
    #[default]
    Plain,
    /// From a word on.
    Starttls(Arc<ServerConfig>),
    /// From the first byte on.
    Tls(Arc<ServerConfig>),
}

/// A line that it heard, and whether nobody else could.
pub type Heard = (bool, String);

/// A running mail server.
pub struct Smtp {
    pub address: SocketAddr,
    taken: mpsc::Receiver<String>,
    ended: mpsc::Receiver<Vec<Heard>>,
}

impl Smtp {
    /// One that answers each reader as it is told.
    pub fn answering(readers: &[&'static str]) -> Smtp {
        Smtp::start(Manners { readers: readers.to_vec(), ..Manners::default() })
    }

    pub fn start(manners: Manners) -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let ((keep, taken), (end, ended)) = (mpsc::channel(), mpsc::channel());
        std::thread::spawn(move || {
            let mut readers = manners.readers.clone().into_iter();
            let mut letters = 0;
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let reader = readers.next().unwrap_or("250 welcome");
                let is_mute = manners.mute_after.is_some_and(|most| letters >= most);
                let mut talk = Talk { wire: BufReader::new(Wire::Gone), is_secret: false, heard: Vec::new() };
                let _broken_off = talk.hold(stream, &manners, (reader, is_mute), |letter| {
                    letters += 1;
                    let _nobody_looks = keep.send(letter);
                });
                let _nobody_looks = end.send(talk.heard);
            }
        });
        Smtp { address, taken, ended }
    }

    /// The next letter.
    pub fn letter(&self) -> String {
        self.taken.recv_timeout(PATIENCE).expect("a letter")
    }

    /// The letters that came and were not looked at.
    pub fn letters(&self) -> Vec<String> {
        self.taken.try_iter().collect()
    }

    /// What it heard in the next conversation, which must be over soon.
    pub fn heard(&self) -> Vec<Heard> {
        self.ended.recv_timeout(PATIENCE).expect("a conversation")
    }
}

/// One end of a connection.
enum Wire {
    Gone,
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    fn tls(stream: TcpStream, config: &Arc<ServerConfig>) -> Option<Wire> {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(config)).ok()?, stream);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).ok()?;
        }
        Some(Wire::Tls(Box::new(tls)))
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Wire::Gone => Ok(0),
            Wire::Plain(stream) => stream.read(into),
            Wire::Tls(stream) => stream.read(into),
        }
    }
}

/// A conversation.
struct Talk {
    wire: BufReader<Wire>,
    is_secret: bool,
    heard: Vec<Heard>,
}

impl Talk {
    fn say(&mut self, line: &str) -> Option<()> {
        let line = format!("{line}\r\n");
        match self.wire.get_mut() {
            Wire::Gone => None,
            Wire::Plain(stream) => stream.write_all(line.as_bytes()).ok(),
            Wire::Tls(stream) => stream.write_all(line.as_bytes()).and_then(|()| stream.flush()).ok(),
        }
    }

    /// The next line; none when the other end has gone.
    fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.wire.read_line(&mut line).ok()?;
        self.heard.extend((count > 0).then(|| (self.is_secret, line.trim_end().to_owned())));
        (count > 0).then_some(line)
    }

    /// From the first word to the last; none when it is broken off.
    fn hold(
        &mut self,
        stream: TcpStream,
        manners: &Manners,
        (reader, is_mute): (&str, bool),
        mut keep: impl FnMut(String),
    ) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let wire = match &manners.way {
            Way::Tls(config) => Wire::tls(stream, config)?,
            Way::Plain | Way::Starttls(_) => Wire::Plain(stream),
        };
        self.is_secret = matches!(wire, Wire::Tls(_));
        self.wire = BufReader::new(wire);
        let mut is_in = manners.sign_in.is_none();
        self.say("220 here")?;
        loop {
            let line = self.hear()?;
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => self.greet(manners)?,
                "STAR" => self.hide(manners)?,
                "AUTH" => is_in = self.let_in(&line, manners)?,
                _ if line.starts_with("QUIT") => return self.say("221 bye"),
                _ if !is_in => self.say("530 sign in first")?,
                "MAIL" | "RSET" => self.say("250 ok")?,
                "RCPT" => self.say(reader)?,
                "DATA" => {
                    self.say("354 go on")?;
                    keep(self.text()?);
                    if is_mute {
                        return self.be_silent();
                    }
                    self.say("250 taken")?;
                }
                _ => self.say("500 what")?,
            }
        }
    }

    /// Until whoever waits for the answer is no more.
    fn be_silent(&mut self) -> Option<()> {
        while self.hear().is_some() {}
        None
    }

    fn greet(&mut self, manners: &Manners) -> Option<()> {
        self.say("250-here")?;
        if let (Way::Starttls(_), false) = (&manners.way, self.is_secret) {
            self.say("250-STARTTLS")?;
        } else if let Some((ways, ..)) = manners.sign_in {
            self.say(&format!("250-AUTH {ways}"))?;
        }
        self.say("250 SIZE 100000")
    }

    fn hide(&mut self, manners: &Manners) -> Option<()> {
        let Way::Starttls(config) = &manners.way else { return self.say("500 what") };
        self.say("220 go on")?;
        let Wire::Plain(stream) = std::mem::replace(self.wire.get_mut(), Wire::Gone) else { return None };
        self.wire = BufReader::new(Wire::tls(stream, config)?);
        self.is_secret = true;
        Some(())
    }

    /// Whether name and password are the right ones, in either way of telling them.
    fn let_in(&mut self, line: &str, manners: &Manners) -> Option<bool> {
        let (ways, user, password) = manners.sign_in?;
        let read = |text: &str| String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok();
        let told = match line.trim_end().split_once("AUTH ")?.1.split_once(' ') {
            Some(("PLAIN", both)) if ways.contains("PLAIN") => read(both)?,
            None if line.trim_end().ends_with("LOGIN") && ways.contains("LOGIN") => {
                self.say("334 VXNlcm5hbWU6")?;
                let user = read(&self.hear()?)?;
                self.say("334 UGFzc3dvcmQ6")?;
                format!("\0{user}\0{}", read(&self.hear()?)?)
            }
            Some(_) | None => {
                self.say("504 not so")?;
                return Some(false);
            }
        };
        let is_right = told == format!("\0{user}\0{password}");
        self.say(if is_right { "235 come in" } else { "535 stay out" })?;
        Some(is_right)
    }

    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let line = self.hear()?;
            if line == ".\r\n" {
                return Some(text);
            }
            text.push_str(&line);
        }
    }
}

/// An authority of one's own, and what a server needs that it signed for an address: as operators of a local network have it.
pub fn authority_and_server(address: Ipv4Addr) -> (String, Arc<ServerConfig>) {
    let (key, its_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let pem = authority.self_signed(&key).unwrap().pem();
    let mut leaf = CertificateParams::default();
    leaf.subject_alt_names = vec![SanType::IpAddress(address.into())];
    let leaf = leaf.signed_by(&its_key, &Issuer::new(authority, key)).unwrap();
    let its_key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(its_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    (pem, Arc::new(builder.with_no_client_auth().with_single_cert(vec![leaf.into()], its_key).unwrap()))
}
