//! Heartbeats: that this computer lives, what it is made of now, and what the server has to say to it. One over HTTP with
//! `--once`; else `keeping.rs` goes on with them.

use chatelaine_core::clock::Stamp;
use chatelaine_core::secrets::Secret;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Problem, Server, Trouble};
use super::notices::{self, Doubt, Told, Word};
use super::state::{Beat, Ended};
use super::{Failure, Here, components, keeping, now, plain, put, server_of, trust, wait};

/// So many pages of words are read at once; more are read with the next heartbeat.
const PAGES_MAX: usize = 20;

/// Whether to go on.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Give one heartbeat and end.
    #[arg(long)]
    once: bool,
}

/// What the server answers to a heartbeat.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    state: String,
    at: Stamp,
    every_s: u32,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    notices: Option<u64>,
}

impl Answer {
    /// How often the server wants one.
    pub fn every_s(&self) -> u32 {
        self.every_s
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Told>,
}

/// Gives one heartbeat, or keeps giving them.
pub fn run(here: &Here, args: &Args) -> Result<(), Failure> {
    let _alone = here.place.alone()?;
    let mut beating = Beating::begin(here)?;
    if !args.once {
        return wait(keeping::keep(beating));
    }
    wait(async {
        match beating.by_http().await {
            Ok(answer) => {
                let words = beating.took(&answer)?;
                beating.tell_beat(&answer, "http")?;
                if words {
                    beating.read_missed().await?;
                }
                beating.settle()
            }
            Err(trouble) => Err(beating.why(trouble).await?.into()),
        }
    })
}

/// What a heartbeat needs.
pub struct Beating<'a> {
    /// How to speak.
    pub here: &'a Here,
    /// The server.
    pub server: Server,
    /// What this computer signs in with.
    pub token: Secret<String>,
    machine: u64,
    read: u64,
    nonce: Option<String>,
    ended: Option<Ended>,
    doubted: bool,
}

impl<'a> Beating<'a> {
    /// Reads what is kept. A computer that was banned tries again: the ban may have been lifted.
    fn begin(here: &'a Here) -> Result<Self, Failure> {
        let state = here.place.read()?;
        let is_banned = |ended: &Ended| ended.why == "banned";
        let binding = match &state.binding {
            Some(binding) if binding.ended.as_ref().is_some_and(is_banned) => binding,
            Some(_) | None => state.bound(here.door)?,
        };
        Ok(Self {
            here,
            server: server_of(binding)?,
            token: binding.token.0.clone(),
            machine: binding.machine,
            read: binding.notices,
            nonce: state.beat.and_then(|beat| beat.nonce),
            ended: None,
            doubted: false,
        })
    }

    /// The number of the last word that was read.
    pub fn read_up_to(&self) -> u64 {
        self.read
    }

    /// What is sent: what this computer is made of now, and what makes an old heartbeat worthless.
    pub fn body(&mut self) -> Value {
        let mut body = json!({ "components": components::as_json(&components::measure()) });
        if let Some(nonce) = self.nonce.take() {
            put(&mut body, "nonce", nonce);
        }
        body
    }

    /// One heartbeat over HTTP. A nonce that is not known to the server any more is replaced once.
    pub async fn by_http(&mut self) -> Result<Answer, Trouble> {
        let body = self.body();
        match self.post(&body).await {
            Err(Trouble::Refused(problem)) if problem.code.contains("nonce") => {
                self.renew_nonce().await?;
                let body = self.body();
                self.post(&body).await
            }
            other => other,
        }
    }

    async fn post(&self, body: &Value) -> Result<Answer, Trouble> {
        self.server.ask(Method::POST, "/machine/heartbeat", Some(&self.token), Some(body)).await
    }

    /// Gets a fresh nonce for the next heartbeat.
    pub async fn renew_nonce(&mut self) -> Result<(), Trouble> {
        #[derive(Deserialize)]
        struct Fresh {
            nonce: String,
        }
        let fresh: Fresh = self.server.ask(Method::POST, "/machine/nonce", Some(&self.token), Some(&json!({}))).await?;
        self.nonce = Some(fresh.nonce);
        Ok(())
    }

    /// Keeps what the server answered; says whether there are words that were not read yet.
    pub fn took(&mut self, answer: &Answer) -> Result<bool, Failure> {
        self.nonce.clone_from(&answer.nonce);
        let beat = Beat { at: answer.at, every_s: answer.every_s, nonce: answer.nonce.clone() };
        let ended = (answer.state == "banned").then(|| Ended { why: "banned".to_owned(), at: answer.at });
        self.here.place.change(|state| {
            state.saw(answer.at);
            state.beat = Some(beat);
            if let Some(binding) = &mut state.binding {
                binding.ended.clone_from(&ended);
            }
        })?;
        match ended {
            Some(ended) => Err(ended.failure()),
            None => Ok(answer.notices.is_some_and(|last| last > self.read)),
        }
    }

    /// Says that a heartbeat was taken.
    pub fn tell_beat(&self, answer: &Answer, by: &str) -> Result<(), Failure> {
        let Answer { state, at, every_s, .. } = answer;
        let text = format!("{at}: heartbeat taken, the machine is {}; the next within {every_s} s", plain(state));
        let object = json!({ "event": "heartbeat", "machine": self.machine, "state": state, "at": at, "every_s": every_s, "by": by });
        self.here.tell(&text, &object)
    }

    /// Reads the words that came while this computer did not listen.
    pub async fn read_missed(&mut self) -> Result<(), Failure> {
        for _ in 0..PAGES_MAX {
            let path = format!("/machine/notices?after={}", self.read);
            let page: Page = self.server.ask(Method::GET, &path, Some(&self.token), None).await?;
            let before = self.read;
            for told in &page.items {
                self.heard(told).await?;
            }
            if page.items.is_empty() || self.read == before {
                break;
            }
        }
        Ok(())
    }

    /// Takes in one word: verified, remembered and told. One that is not to be believed is named and passed over.
    pub async fn heard(&mut self, told: &Told) -> Result<(), Failure> {
        let word = match self.verify(&told.text).await? {
            Ok(word) if word.number <= self.read => return Ok(()),
            Ok(word) => word,
            Err(why) => {
                // Once is enough: the server says it again with each heartbeat.
                if !std::mem::replace(&mut self.doubted, true) {
                    self.here.warn(&format!("a word of the server is not believed: {}", plain(&why)));
                }
                return Ok(());
            }
        };
        self.read = word.number;
        let is_end = word.ends().is_some();
        match word.ends() {
            Some(ended) => self.ended = Some(ended),
            None if word.lifts() => self.ended = None,
            None => {}
        }
        self.here.place.change(|state| {
            state.saw(word.at);
            if let Some(binding) = &mut state.binding {
                binding.notices = word.number;
                if is_end {
                    binding.revoked = word.number;
                }
                binding.ended.clone_from(&self.ended);
            }
        })?;
        self.here.tell(&plain(&word.words()), &word.json())
    }

    /// Ends where the words that were read end the binding. To be asked once all words that were missed are read: a ban may have
    /// been lifted by a later one.
    pub fn settle(&self) -> Result<(), Failure> {
        self.ended.as_ref().map_or(Ok(()), |ended| Err(ended.failure()))
    }

    async fn verify(&self, text: &str) -> Result<Result<Word, String>, Failure> {
        let mut pinned = self.here.place.read()?.keys;
        match notices::verify(text, &pinned, self.machine, now()) {
            Ok(word) => return Ok(Ok(word)),
            Err(Doubt::Wrong(why)) => return Ok(Err(why)),
            Err(Doubt::UnknownKey) => {}
        }
        if let Err(failure) = trust::refresh(&self.server, &mut pinned).await {
            return Ok(Err(failure.line));
        }
        self.here.place.change(|state| state.keys.clone_from(&pinned))?;
        Ok(notices::verify(text, &pinned, self.machine, now()).map_err(|doubt| match doubt {
            Doubt::Wrong(why) => why,
            Doubt::UnknownKey => "it is signed with a key that the server does not list".to_owned(),
        }))
    }

    /// What is behind a refusal: the token ended, or a word says why. Gives back what passes.
    pub async fn why(&mut self, trouble: Trouble) -> Result<Trouble, Failure> {
        let Trouble::Refused(Problem { status, code, .. }) = &trouble else { return Ok(trouble) };
        let ended = |why: &str| Ended { why: why.to_owned(), at: now() };
        // What stands in between may refuse too, but not by these words.
        let is_over = matches!((*status, code.as_str()), (401, "signed-out" | "sign-in-needed") | (404, "not-found"));
        if !is_over && *status != 403 {
            return Ok(trouble);
        }
        let is_banned = code.contains("banned");
        // The words say more than the refusal, if they can be read now: also to a computer that is no longer bound.
        let _read = self.read_missed().await;
        self.settle()?;
        match (is_over, is_banned) {
            (true, _) => self.ends(ended("unknown")),
            (false, true) => self.ends(ended("banned")),
            (false, false) => Ok(trouble),
        }
    }

    fn ends<T>(&self, ended: Ended) -> Result<T, Failure> {
        let failure = ended.failure();
        self.here.place.change(|state| {
            if let Some(binding) = &mut state.binding {
                binding.ended.get_or_insert(ended);
            }
        })?;
        Err(failure)
    }
}
