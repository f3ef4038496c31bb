//! Keeping the heartbeat: over the live socket where it can be opened, over HTTP where not, until somebody says stop or the
//! computer is no longer bound. One loop waits for whatever comes first; whatever goes wrong is tried again after a pause.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::client::Trouble;
use super::heartbeat::{Answer, Beating};
use super::live::{SILENCE, Said, Socket};
use super::pace::{BackOff, between_beats};
use super::platform::{service, stopped};
use super::{Failure, plain};

/// A heartbeat that was sent over the socket is answered within this.
const ANSWERING: Duration = Duration::from_secs(20);

/// What comes first.
enum Turn {
    Stop,
    Beat,
    Connect,
    Alive,
    Silent,
    Said(Result<Said, Trouble>),
}

struct Keeping<'a> {
    beating: Beating<'a>,
    socket: Option<Socket>,
    /// Whether all words that were missed came over the socket.
    is_live: bool,
    /// When the next heartbeat is due; while one waits for its answer, until when that has to come.
    beat_at: Instant,
    is_waiting: bool,
    connect_at: Instant,
    heard_at: Instant,
    beats: BackOff,
    connections: BackOff,
    /// What was last said about the server, so that it is said once.
    trouble: Option<String>,
}

/// Goes on until it is told to stop, which is a good end, or until the computer is no longer bound.
pub async fn keep(beating: Beating<'_>) -> Result<(), Failure> {
    let now = Instant::now();
    let mut keeping = Keeping {
        beating,
        socket: None,
        is_live: false,
        beat_at: now,
        is_waiting: false,
        connect_at: now,
        heard_at: now,
        beats: BackOff::default(),
        connections: BackOff::default(),
        trouble: None,
    };
    let mut stop = std::pin::pin!(stopped());
    let alive_every = service::begin();
    let mut alive_at = Instant::now();
    let ended = loop {
        let turn = tokio::select! {
            biased;
            () = &mut stop => Turn::Stop,
            said = next(&mut keeping.socket) => Turn::Said(said),
            () = sleep_until(keeping.connect_at), if keeping.socket.is_none() => Turn::Connect,
            () = sleep_until(keeping.beat_at) => Turn::Beat,
            () = sleep_until(keeping.heard_at + SILENCE), if keeping.socket.is_some() => Turn::Silent,
            () = sleep_until(alive_at), if alive_every.is_some() => Turn::Alive,
        };
        match turn {
            Turn::Stop => break Ok(()),
            Turn::Alive => {
                alive_at = Instant::now() + alive_every.unwrap_or(SILENCE);
                service::alive();
            }
            turn => {
                if let Err(failure) = keeping.take(turn).await {
                    break Err(failure);
                }
            }
        }
    };
    service::ending();
    if let Some(socket) = keeping.socket.take() {
        socket.close().await;
    }
    if ended.is_ok() {
        keeping.beating.here.tell("Stopped; the machine stays bound.", &json!({ "event": "stopped" }))?;
    }
    ended
}

async fn next(socket: &mut Option<Socket>) -> Result<Said, Trouble> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

impl Keeping<'_> {
    async fn take(&mut self, turn: Turn) -> Result<(), Failure> {
        match turn {
            Turn::Stop | Turn::Alive => Ok(()),
            Turn::Connect => self.connect().await,
            Turn::Beat => self.beat().await,
            Turn::Silent => self.lose(Trouble::Unreachable("the live socket is silent".to_owned())).await,
            Turn::Said(Err(trouble)) => self.lose(trouble).await,
            Turn::Said(Ok(said)) => {
                self.heard_at = Instant::now();
                self.hear(said).await
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        let since = self.beating.read_up_to();
        match Socket::open(&self.beating.server, &self.beating.token, since).await {
            Ok(socket) => {
                (self.socket, self.is_live, self.heard_at) = (Some(socket), false, Instant::now());
                Ok(())
            }
            Err(trouble) => {
                let trouble = self.beating.why(trouble).await?;
                self.connect_at = Instant::now() + self.connections.after_failure(trouble.come_back());
                self.say(&trouble)
            }
        }
    }

    /// A heartbeat over the socket; over HTTP where there is none, or where it did not answer the last one.
    async fn beat(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.is_waiting) {
            self.lose(Trouble::Unreachable("the live socket does not answer".to_owned())).await?;
        }
        if let Some(socket) = &mut self.socket {
            let frame = json!({ "heartbeat": self.beating.body() });
            if socket.send(&frame).await.is_ok() {
                (self.is_waiting, self.beat_at) = (true, Instant::now() + ANSWERING);
                return Ok(());
            }
            self.lose(Trouble::Unreachable("the live socket broke".to_owned())).await?;
        }
        match self.beating.by_http().await {
            Ok(answer) => self.taken(&answer, "http").await,
            Err(trouble) => {
                let trouble = self.beating.why(trouble).await?;
                self.beat_at = Instant::now() + self.beats.after_failure(trouble.come_back());
                self.say(&trouble)
            }
        }
    }

    async fn hear(&mut self, said: Said) -> Result<(), Failure> {
        match said {
            Said::Other => Ok(()),
            Said::Live => {
                self.is_live = true;
                self.beating.settle()
            }
            Said::Notice(told) => {
                self.beating.heard(&told).await?;
                if self.is_live { self.beating.settle() } else { Ok(()) }
            }
            Said::Heartbeat(answer) => {
                self.connections.succeeded();
                self.taken(&answer, "live").await
            }
            Said::Problem(problem) => {
                let is_nonce = problem.code.contains("nonce");
                let trouble = self.beating.why(Trouble::Refused(problem)).await?;
                self.is_waiting = false;
                self.beat_at = Instant::now() + self.beats.after_failure(trouble.come_back());
                if is_nonce && self.beating.renew_nonce().await.is_ok() {
                    return Ok(());
                }
                self.say(&trouble)
            }
        }
    }

    async fn taken(&mut self, answer: &Answer, by: &str) -> Result<(), Failure> {
        let missed = self.beating.took(answer)?;
        self.beats.succeeded();
        self.trouble = None;
        (self.is_waiting, self.beat_at) = (false, Instant::now() + between_beats(answer.every_s()));
        self.beating.tell_beat(answer, by)?;
        // Over the socket they come by themselves.
        if missed && self.socket.is_none() {
            if let Err(failure) = self.beating.read_missed().await {
                return self.say(&Trouble::Unreachable(failure.line));
            }
            return self.beating.settle();
        }
        Ok(())
    }

    /// The socket is gone. A heartbeat that waited for its answer is given again at once.
    async fn lose(&mut self, trouble: Trouble) -> Result<(), Failure> {
        self.socket = None;
        if std::mem::take(&mut self.is_waiting) {
            self.beat_at = Instant::now();
        }
        let trouble = self.beating.why(trouble).await?;
        self.connect_at = Instant::now() + self.connections.after_failure(trouble.come_back());
        Ok(())
    }

    fn say(&mut self, trouble: &Trouble) -> Result<(), Failure> {
        let words = plain(&trouble.words());
        if self.trouble.as_ref() == Some(&words) {
            return Ok(());
        }
        let told =
            self.beating.here.tell(&format!("Will try again: {words}"), &json!({ "event": "trouble", "why": words }));
        self.trouble = Some(words);
        told
    }
}
