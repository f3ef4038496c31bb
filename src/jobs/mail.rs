//! Takes the letters that are due to the mail server, one after the other. A letter that is not taken waits for its next try;
//! one that never will be taken, or has lapsed, is given up.

use std::sync::Arc;
use std::time::Duration;

use chatelaine_core::accounts::Email;
use chatelaine_core::ask::ask;
use chatelaine_core::ids::LetterId;
use chatelaine_core::outbox::{self, Letter, NewLetter};
use chatelaine_core::{Caller, Core, Result};
use chatelaine_ourchat::Post;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::outbound::mail::{Failed, Mailer};

/// Letters that are taken from the store in one go.
const BATCH: usize = 16;

/// What takes letters on: each is a row before it says so, and `wake` tells who sends them.
pub fn post(core: Core, wake: Arc<Notify>) -> Post {
    Arc::new(move |letter| {
        let (core, wake) = (core.clone(), Arc::clone(&wake));
        Box::pin(async move {
            let new = NewLetter {
                to: Email::new(&letter.to)?,
                subject: letter.subject.to_owned(),
                text: letter.text,
                html: letter.html,
                life_s: letter.life.as_secs().max(1),
            };
            ask(&core, move |core| outbox::put(core, &Caller::system(), new)).await?;
            wake.notify_one();
            Ok(())
        })
    })
}

/// Sends what is due until the token fires: when somebody says that there is something, and every so often for what waits.
pub async fn keep(core: Core, mailer: Mailer, wake: Arc<Notify>, every: Duration, stop: CancellationToken) {
    let mut clock = tokio::time::interval(every);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            () = wake.notified() => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            done = run(&core, &mailer) => if let Err(error) = done {
                tracing::warn!(%error, "letters cannot be looked after and are tried again later");
            },
            // A letter that is broken off is tried again after the next start.
            () = stop.cancelled() => return,
        }
    }
}

/// Sends what is due now; says how many letters were taken.
pub async fn run(core: &Core, mailer: &Mailer) -> Result<u64> {
    let mut taken = 0;
    loop {
        let due = ask(core, |core| outbox::due(core, BATCH)).await?;
        if due.is_empty() {
            return Ok(taken);
        }
        for (id, letter) in due {
            taken += u64::from(one(core, mailer, id, &letter).await?);
        }
    }
}

/// Whether the letter was taken. Whatever happens, it is not due afterwards.
async fn one(core: &Core, mailer: &Mailer, id: LetterId, letter: &Letter) -> Result<bool> {
    let outcome = if letter.expires_at <= core.now() {
        Err(Failed::ForGood("it has lapsed".to_owned()))
    } else {
        mailer.send(id, letter).await
    };
    match outcome {
        Ok(()) => {
            ask(core, move |core| outbox::remove(core, id)).await?;
            tracing::debug!(letter = id.get(), "a letter was sent");
            Ok(true)
        }
        Err(Failed::ForNow(why)) => {
            let again = ask(core, move |core| outbox::put_off(core, id)).await?;
            let then = if again { "it is tried again later" } else { "it is given up" };
            tracing::warn!(letter = id.get(), tries = letter.tries + 1, "a letter was not sent: {why}; {then}");
            Ok(false)
        }
        Err(Failed::ForGood(why)) => {
            ask(core, move |core| outbox::remove(core, id)).await?;
            tracing::warn!(letter = id.get(), tries = letter.tries + 1, "a letter is given up: {why}");
            Ok(false)
        }
    }
}
