//! Whether an identity number and a name belong together, asked of whoever the operator trusts with that: one POST of both as JSON,
//! one answer of a few bytes. Nothing is followed, nothing long is read or waited for, and neither the number, the name nor the
//! address, which may hold a key, ever stands in the log.

use std::sync::Arc;
use std::time::Duration;

use chatelaine_aegisspeed::Names;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::asking::{self, AGENT, Web};

/// An answer is not longer than this.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// So many questions are under way at once.
const AT_ONCE: usize = 16;

#[derive(Serialize)]
struct Question {
    user_id: String,
    user_name: String,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "match")]
    is_match: bool,
}

struct Hook {
    web: Web,
    address: Uri,
    within: Duration,
    turns: Semaphore,
}

/// Asks the one at this address, and waits so long for each answer.
pub fn names(address: &str, within: Duration) -> Result<Names, String> {
    let address = address.parse().map_err(|_| "aegis.name_hook: this is no address".to_owned())?;
    let web = asking::web("aegis.name_hook")?;
    let hook = Arc::new(Hook { web, address, within, turns: Semaphore::new(AT_ONCE) });
    Ok(Arc::new(move |user_id: String, user_name: String| {
        let hook = Arc::clone(&hook);
        Box::pin(async move {
            let question = Question { user_id, user_name };
            asking::within(hook.within, "who vouches for names gives no answer", hook.ask(&question)).await
        })
    }))
}

impl Hook {
    /// What it says; the reason of a failure holds nothing of the question.
    async fn ask(&self, question: &Question) -> Result<bool, String> {
        let _turn = self.turns.acquire().await.map_err(|_| "the server stops".to_owned())?;
        let body = serde_json::to_vec(question).map_err(|_| "the question cannot be written".to_owned())?;
        let request = Request::post(self.address.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .body(Full::from(body))
            .map_err(|_| "it cannot be asked".to_owned())?;
        let reply: Reply = asking::json(&self.web, request, ANSWER_BYTES_MAX).await?;
        Ok(reply.is_match)
    }
}
