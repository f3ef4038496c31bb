//! The live socket of the machine: heartbeats go up it and words of the server come down in the moment in which they are said.

use std::time::Duration;

use chatelaine_core::secrets::Secret;
use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use rustls_pki_types::ServerName;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::client::{AGENT, CONNECTING, Problem, Server, Trouble, lost};
use super::heartbeat::Answer;
use super::notices::Told;

/// One frame is not longer than this.
const FRAME_BYTES_MAX: usize = 256 * 1024;
/// A frame is written within this.
const WRITING: Duration = Duration::from_secs(10);
/// The server says something at least every 30 seconds; a socket that is silent for so long is dead.
pub const SILENCE: Duration = Duration::from_secs(90);
/// With this the server closes when the token has ended.
const SIGNED_OUT: u16 = 4001;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A socket that is open.
pub struct Socket(WebSocketStream<Box<dyn Stream>>);

/// What the server says.
pub enum Said {
    /// A word to this computer.
    Notice(Told),
    /// The answer to a heartbeat.
    Heartbeat(Answer),
    /// A refusal.
    Problem(Problem),
    /// All words that were missed have been said.
    Live,
    /// Something else, which only shows that it lives.
    Other,
}

#[derive(Deserialize)]
struct Frame {
    t: String,
    #[serde(default)]
    d: Value,
}

impl Socket {
    /// Opens the socket and asks for all words after this number.
    pub async fn open(server: &Server, token: &Secret<String>, since: u64) -> Result<Socket, Trouble> {
        let opening = timeout(CONNECTING.saturating_mul(2), dial(server, token)).await;
        let mut socket = opening.map_err(|_| late(server))??;
        socket.send(&json!({ "hello": { "since": since } })).await?;
        Ok(socket)
    }

    /// Sends one frame.
    pub async fn send(&mut self, frame: &Value) -> Result<(), Trouble> {
        let sending = timeout(WRITING, self.0.send(Message::text(frame.to_string()))).await;
        let broken = || Trouble::Unreachable("the live socket broke".to_owned());
        sending.map_err(|_| broken())?.map_err(|_| broken())
    }

    /// Waits for what the server says. To be dropped while it waits does no harm.
    pub async fn next(&mut self) -> Result<Said, Trouble> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => read(text.as_str()),
            Some(Ok(Message::Close(why))) => Err(closed(why.map(|why| u16::from(why.code)))),
            None => Err(closed(None)),
            Some(Ok(_)) => Ok(Said::Other),
            Some(Err(error)) => Err(Trouble::Unreachable(format!("the live socket broke: {error}"))),
        }
    }

    /// Says good-bye.
    pub async fn close(mut self) {
        let _closed = timeout(Duration::from_secs(1), self.0.close(None)).await;
    }
}

fn closed(code: Option<u16>) -> Trouble {
    match code {
        Some(SIGNED_OUT) => Trouble::Refused(Problem {
            status: 401,
            code: "signed-out".to_owned(),
            detail: "the token of this computer ended".to_owned(),
            retry_after_ms: None,
        }),
        Some(_) | None => Trouble::Unreachable("the live socket was closed".to_owned()),
    }
}

fn read(text: &str) -> Result<Said, Trouble> {
    let strange = |_| Trouble::Strange("the live socket says something else than was agreed".to_owned());
    let Frame { t, d } = serde_json::from_str(text).map_err(strange)?;
    match t.as_str() {
        "notice" => serde_json::from_value(d).map(Said::Notice).map_err(strange),
        "heartbeat" => serde_json::from_value(d).map(Said::Heartbeat).map_err(strange),
        "problem" => serde_json::from_value(d).map(Said::Problem).map_err(strange),
        "live" => Ok(Said::Live),
        _ => Ok(Said::Other),
    }
}

fn late(server: &Server) -> Trouble {
    Trouble::Unreachable(format!("{} does not answer in time", server.site.url))
}

async fn dial(server: &Server, token: &Secret<String>) -> Result<Socket, Trouble> {
    let site = &server.site;
    let connecting = timeout(CONNECTING, TcpStream::connect((site.host.as_str(), site.port))).await;
    let stream = connecting.map_err(|_| late(server))?.map_err(|error| lost(&site.url, &error))?;
    stream.set_nodelay(true).map_err(|error| lost(&site.url, &error))?;
    let stream: Box<dyn Stream> = if site.tls {
        let name = ServerName::try_from(site.host.clone())
            .map_err(|_| Trouble::Untrusted(format!("{} is no name of a server", site.host)))?;
        let tls = TlsConnector::from(server.tls.clone()).connect(name, stream).await;
        Box::new(tls.map_err(|error| lost(&site.url, &error))?)
    } else {
        Box::new(stream)
    };
    let strange = |_| Trouble::Strange("no such address".to_owned());
    let mut request =
        format!("{}/api/v1/machine/live", site.url.replacen("http", "ws", 1)).into_client_request().map_err(strange)?;
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
        .map_err(|_| Trouble::Strange("the token is none".to_owned()))?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let limits =
        WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
    match client_async_with_config(request, stream, Some(limits)).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(Error::Http(answer)) => Err(refused(&answer)),
        Err(error) => Err(lost(&site.url, &error)),
    }
}

fn refused(answer: &http::Response<Option<Vec<u8>>>) -> Trouble {
    let body = answer.body().as_deref().unwrap_or_default();
    let mut problem = serde_json::from_slice::<Problem>(body).unwrap_or_else(|_| Problem {
        status: 0,
        code: String::new(),
        detail: format!("the live socket is answered by {}", answer.status()),
        retry_after_ms: None,
    });
    problem.status = answer.status().as_u16();
    Trouble::Refused(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_socket_says_is_read_and_what_is_new_to_this_version_is_passed_over() {
        assert!(
            matches!(read("{\"t\":\"notice\",\"d\":{\"number\":3,\"text\":\"x\"}}"), Ok(Said::Notice(told)) if told.text == "x")
        );
        assert!(
            matches!(read("{\"t\":\"problem\",\"d\":{\"code\":\"busy\"}}"), Ok(Said::Problem(problem)) if problem.code == "busy")
        );
        assert!(matches!(read("{\"t\":\"welcome\"}"), Ok(Said::Other)));
        assert!(read("{\"t\":\"notice\",\"d\":{}}").is_err());
        assert!(read("not JSON").is_err());
    }
}
