//! Proving an address by a link (ourchat section 8.1): the letter, and who waits for its link to be opened. Who waits is kept in
//! memory alone: the stream ends with the server, the link stays good for its time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chatelaine_core::accounts::{Email, email_proof};
use chatelaine_core::ask::ask;
use chatelaine_core::{Caller, Error};
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyRequest;
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyResponse;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tonic::Status;

use crate::Ourchat;
use crate::ops::Op;
use crate::services::Stream;
use crate::wire::{Fault, status};

/// Streams that wait for a link at the same time.
const WAITERS_MAX: usize = 1_000;

/// A letter to somebody.
#[derive(Clone)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// The line above it.
    pub subject: &'static str,
    /// The link that it is about.
    pub link: String,
    /// What it says.
    pub text: String,
    /// The same as a page, if the operator has one.
    pub html: Option<String>,
    /// How long its link holds.
    pub life: Duration,
}

/// Takes a letter and sees to it that it is sent, now or later; done as soon as it cannot be lost any more.
pub type Post = Arc<dyn Fn(Letter) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// What stands for the link in the operator's page.
const LINK: &str = "[verification_link]";

/// Sends a link to the address, and answers when it was opened.
pub(crate) async fn verify(at: Ourchat, caller: Caller, wish: VerifyRequest) -> Result<Stream<VerifyResponse>, Fault> {
    let email = Email::new(&wish.email)?;
    let life = at.options().verify_email_expiry;
    let to = email.as_str().to_owned();
    let token = ask(at.core(), move |core| email_proof::ask(core, &caller, &email, life.as_secs())).await?;
    let waiting = Waiters::enter(at.waiters(), token.reveal())?;
    let link = format!("{}/v1/verify/confirm?token={}", at.options().public_url, token.reveal());
    let text = format!("please click \"{link}\" to verify your email");
    let html = at.options().email_page.as_ref().map(|page| page.replace(LINK, &link));
    at.post()(Letter { to, subject: "OurChat Verification", link, text, html, life }).await?;
    Ok(Box::pin(futures_util::stream::once(waiting.opened(life))))
}

/// Who waits for which link.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<HashMap<String, oneshot::Sender<()>>>);

impl Waiters {
    fn enter(waiters: &Arc<Waiters>, token: &str) -> Result<Waiting, Error> {
        let mut open = waiters.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= WAITERS_MAX {
            return Err(Error::Busy);
        }
        let (told, opened) = oneshot::channel();
        open.insert(token.to_owned(), told);
        Ok(Waiting { waiters: Arc::clone(waiters), token: token.to_owned(), opened })
    }

    /// Tells who waits that the link was opened.
    pub(crate) fn opened(&self, token: &str) {
        if let Some(told) = self.leave(token) {
            // Who went away meanwhile need not know.
            let _gone = told.send(());
        }
    }

    fn leave(&self, token: &str) -> Option<oneshot::Sender<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token)
    }
}

/// One who waits; the place is given back when he goes.
struct Waiting {
    waiters: Arc<Waiters>,
    token: String,
    opened: oneshot::Receiver<()>,
}

impl Waiting {
    async fn opened(mut self, life: Duration) -> Result<VerifyResponse, Status> {
        match tokio::time::timeout(life, &mut self.opened).await {
            Ok(Ok(())) => Ok(VerifyResponse {}),
            Ok(Err(_)) | Err(_) => Err(status(Op::Verify, &Fault::VerificationFailed)),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiters.leave(&self.token);
    }
}
