//! What one machine hears: the notices that the server has for it, each once and in order, first those it missed and then the
//! new ones. The bus only says that there is something to read: what is told always comes from the store, behind the last notice
//! that was told, so that neither a gap nor a repetition is possible however the two meet.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use chatelaine_store::{Next, Queue, Read};

use super::follow::Ending;
use crate::Core;
use crate::ask::ask_in_turn;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::{Live, machine_topic};
use crate::ids::MachineId;
use crate::limits::NOTICES_PER_PAGE;
use crate::machines::notices::{self, Notice};
use crate::machines::{heartbeats, tokens};
use crate::secrets::Secret;

/// What a machine hears next.
#[derive(Debug)]
pub enum Noticed {
    /// Notices, in the order of their numbers.
    Notices(Vec<Notice>),
    /// All that was missed has been told. Said once.
    Live,
    /// Nothing comes any more, for this reason.
    Ended(Ending),
}

/// Whose connection this is.
#[derive(Clone)]
struct Machine {
    id: MachineId,
    /// By what it was opened.
    token: Arc<Secret<String>>,
}

/// One piece of reading: the notices behind the last one that was told.
struct Piece {
    queue: Queue<Live>,
    notices: Vec<Notice>,
    /// Everything up to this notice was told once these are.
    done: u64,
    /// Whether there may be more.
    more: bool,
    /// Whether the token of the connection still stands.
    stands: bool,
}

type Job = Pin<Box<dyn Future<Output = Result<Piece>> + Send>>;

enum Stage {
    Reading(Job),
    Waiting(Queue<Live>),
    /// What is left to say, before the end.
    Last(Ending),
}

/// One connection of a machine.
pub struct Notices {
    core: Core,
    machine: Machine,
    stage: Stage,
    /// Everything up to this notice was told; none before the first look, for who wants to hear only what is new.
    done: Option<u64>,
    told_live: bool,
}

impl Notices {
    /// Prepares to tell a machine what came after a notice, or what comes from now on; touches memory only.
    pub fn start(core: Core, (id, token): (MachineId, Secret<String>), after: Option<u64>) -> Self {
        let machine = Machine { id, token: Arc::new(token) };
        let job = reading(&core, &machine, None, after);
        Self { core, machine, stage: Stage::Reading(job), done: after, told_live: false }
    }

    /// Waits for what comes next. Cancel-safe: dropping the future loses nothing. After `Ended` it says so for ever.
    pub async fn next(&mut self) -> Noticed {
        loop {
            match &mut self.stage {
                Stage::Reading(job) => {
                    let piece = job.as_mut().await;
                    if let Some(noticed) = self.take(piece) {
                        return noticed;
                    }
                }
                Stage::Waiting(_) if !self.told_live => {
                    self.told_live = true;
                    return Noticed::Live;
                }
                Stage::Waiting(queue) => {
                    let next = queue.next().await;
                    self.wake(&next);
                }
                Stage::Last(ending) => return Noticed::Ended(*ending),
            }
        }
    }

    /// Says that the connection can take nothing since then: meanwhile little waits for it in memory.
    pub fn stall(&mut self, since: Instant) {
        if let Stage::Waiting(queue) = &mut self.stage {
            queue.stall(since);
        }
    }

    fn take(&mut self, piece: Result<Piece>) -> Option<Noticed> {
        let Ok(Piece { queue, notices, done, more, stands }) = piece else {
            self.stage = Stage::Last(Ending::Failed);
            return None;
        };
        self.done = Some(done);
        self.stage = match (more, stands) {
            (true, _) => Stage::Reading(reading(&self.core, &self.machine, Some(queue), self.done)),
            (false, true) => Stage::Waiting(queue),
            (false, false) => Stage::Last(Ending::SignedOut),
        };
        (!notices.is_empty()).then_some(Noticed::Notices(notices))
    }

    /// Whatever is said about the machine is a reason to look at the store.
    fn wake(&mut self, next: &Next<Live>) {
        let closed = matches!(next, Next::Closed);
        let stage = std::mem::replace(&mut self.stage, Stage::Last(Ending::ServerStopping));
        if let Stage::Waiting(mut queue) = stage
            && !closed
        {
            // What waits in the queue is told from the store as well.
            let mut passed = Vec::new();
            while queue.take_waiting(&mut passed, usize::MAX) > 0 {
                passed.clear();
            }
            self.stage = Stage::Reading(reading(&self.core, &self.machine, Some(queue), self.done));
        }
    }
}

fn reading(core: &Core, machine: &Machine, queue: Option<Queue<Live>>, after: Option<u64>) -> Job {
    let machine = machine.clone();
    Box::pin(ask_in_turn(core.clone(), move |core| read(core, &machine, queue, after)))
}

fn read(core: &Core, machine: &Machine, queue: Option<Queue<Live>>, after: Option<u64>) -> Result<Piece> {
    // Before the store is read, so that nothing falls between the two.
    let queue = match queue {
        Some(mut queue) => {
            queue.resume();
            queue
        }
        None => core.store().bus().subscribe(machine_topic(machine.id), Vec::new),
    };
    // Before the notices are: whoever loses the token finds the one that says so.
    let stands = match tokens::resolve(core, machine.token.reveal()) {
        Ok(_) => true,
        Err(Error::SignIn(_)) => false,
        Err(other) => return Err(other),
    };
    let after = core.read(|view| first(view, machine.id, after))?;
    let notices = notices::after(core, machine.id, after, NOTICES_PER_PAGE)?;
    let done = notices.last().map_or(after, |notice| notice.number);
    if !notices.is_empty() {
        // A reader may see what is not durable yet. Writes go one after the other: when this one is through, all of it is. It
        // has no row, so it costs no sync of its own.
        core.write(&Caller::system(), |_| Ok(()))?;
    }
    let more = notices.len() >= NOTICES_PER_PAGE;
    Ok(Piece { queue, notices, done, more, stands })
}

/// Behind which notice to begin. A number that was never given comes from before the data was taken back to an older state.
fn first(r: &impl Read, machine: MachineId, after: Option<u64>) -> Result<u64> {
    match after {
        Some(number) if number <= notices::last(r)? => Ok(number),
        Some(_) => Ok(0),
        None => heartbeats::last_notice(r, machine),
    }
}
