//! The conversation over a real local connection, with tungstenite as the client.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

use super::{Closing, Ended, Frame, Heard, Say, SocketOptions, Talk, converse};
use crate::conn::{Conn, Upgraded};

const DEADLINE: Duration = Duration::from_secs(20);
const QUICK: SocketOptions =
    SocketOptions { ping: Duration::from_millis(40), silence: Duration::from_millis(300), message_bytes: 1_000 };

/// Says what it was given, then waits; says back what it hears.
#[derive(Default)]
struct Script {
    lines: VecDeque<Say>,
    stalls: Arc<AtomicUsize>,
}

impl Talk for Script {
    async fn next(&mut self) -> Say {
        match self.lines.pop_front() {
            Some(say) => say,
            None => std::future::pending().await,
        }
    }

    fn waiting(&mut self) -> Option<Say> {
        self.lines.pop_front()
    }

    fn stall(&mut self, _since: std::time::Instant) {
        self.stalls.fetch_add(1, Ordering::SeqCst);
    }

    async fn hear(&mut self, heard: Heard<'_>) -> Option<Say> {
        match heard {
            Heard::Text(text) => Some(Say::Frame(Frame::text(text))),
            Heard::Binary(_) => Some(Say::Close(Closing::POLICY)),
        }
    }
}

struct Pair {
    client: TcpStream,
    server: tokio::task::JoinHandle<Ended>,
    stop: CancellationToken,
}

async fn pair(options: SocketOptions, lines: impl IntoIterator<Item = Say>) -> Pair {
    let script = Script { lines: lines.into_iter().collect(), ..Script::default() };
    play(move |socket| converse(socket, options, script)).await
}

async fn play<F>(conversation: impl FnOnce(Upgraded) -> F) -> Pair
where
    F: Future<Output = Ended> + Send + 'static,
{
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let stop = CancellationToken::new();
    let socket = Upgraded { conn: Conn::plain(stream, None), early: Bytes::new(), stop: stop.clone() };
    let server = tokio::spawn(conversation(socket));
    Pair { client, server, stop }
}

async fn speaking(client: TcpStream) -> WebSocketStream<TcpStream> {
    WebSocketStream::from_raw_socket(client, Role::Client, None).await
}

#[tokio::test]
async fn a_client_that_never_answers_is_pinged_and_then_dropped() {
    let mut pair = pair(QUICK, []).await;
    let mut seen = Vec::new();
    timeout(DEADLINE, pair.client.read_to_end(&mut seen)).await.unwrap().unwrap();
    assert_eq!(pair.server.await.unwrap(), Ended::Silent);
    assert!(seen.len() >= 4 && seen.chunks(2).all(|frame| frame == [0x89, 0]), "pings and nothing else: {seen:?}");
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_beyond_the_time_of_silence() {
    let pair = pair(QUICK, []).await;
    let mut client = speaking(pair.client).await;
    let started = tokio::time::Instant::now();
    while started.elapsed() < QUICK.silence * 3 {
        let message = timeout(DEADLINE, client.next()).await.unwrap().unwrap().unwrap();
        assert!(message.is_ping(), "{message:?}");
    }
    client.send(Message::text("still here")).await.unwrap();
    while let Some(Ok(message)) = timeout(DEADLINE, client.next()).await.unwrap() {
        if message == Message::text("still here") {
            return;
        }
    }
    panic!("the socket was closed");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped_and_holds_no_memory_up() {
    let big = Frame::binary(&vec![7u8; 1 << 20]);
    let lines = std::iter::repeat_with(|| Say::Frame(big.clone())).take(64);
    let options = SocketOptions { silence: Duration::from_millis(500), ..QUICK };
    let script = Script { lines: lines.collect(), ..Script::default() };
    let stalls = Arc::clone(&script.stalls);
    let pair = play(move |socket| converse(socket, options, script)).await;
    assert_eq!(timeout(DEADLINE, pair.server).await.unwrap().unwrap(), Ended::Silent);
    assert!(stalls.load(Ordering::SeqCst) > 0, "the dialect was told to hold little");
    drop(pair.client);
}

#[tokio::test]
async fn frames_that_wait_arrive_in_order_and_whole_among_pongs() {
    let frames = 2_000u32;
    let lines = (0..frames).map(|n| Say::Frame(Frame::text(&format!("{n} {}", "x".repeat((n % 300) as usize)))));
    let pair = pair(SocketOptions { silence: DEADLINE, ..QUICK }, lines).await;
    let (mut sink, mut stream) = speaking(pair.client).await.split();
    let pinging = tokio::spawn(async move {
        for n in 0..200u32 {
            sink.send(Message::Ping(Bytes::from(n.to_string()))).await.unwrap();
        }
        sink
    });
    let (mut texts, mut pongs) = (0, 0);
    while texts < frames || pongs == 0 {
        match timeout(DEADLINE, stream.next()).await.unwrap().unwrap().unwrap() {
            Message::Text(text) => {
                assert_eq!(text.as_str(), format!("{texts} {}", "x".repeat((texts % 300) as usize)));
                texts += 1;
            }
            Message::Pong(_) => pongs += 1,
            _ => {}
        }
    }
    drop(pinging.await.unwrap());
}

#[tokio::test]
async fn each_end_is_told_apart_and_its_code_is_sent() {
    let code_of = async |client: &mut WebSocketStream<TcpStream>| loop {
        match timeout(DEADLINE, client.next()).await.unwrap().unwrap().unwrap() {
            Message::Close(frame) => return u16::from(frame.unwrap().code),
            _ => continue,
        }
    };
    let closed = pair(QUICK, []).await;
    let mut client = speaking(closed.client).await;
    client.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(code_of(&mut client).await, 1008);
    drop(client);
    assert_eq!(closed.server.await.unwrap(), Ended::Closed);

    let left = pair(QUICK, []).await;
    let mut client = speaking(left.client).await;
    client.close(None).await.unwrap();
    assert_eq!(left.server.await.unwrap(), Ended::Left);

    let stopped = pair(QUICK, []).await;
    let mut client = speaking(stopped.client).await;
    stopped.stop.cancel();
    assert_eq!(code_of(&mut client).await, 1001);
    drop(client);
    assert_eq!(stopped.server.await.unwrap(), Ended::Stopped);

    let mut broken = pair(QUICK, []).await;
    broken.client.write_all(&[0x81, 2, b'h', b'i']).await.unwrap();
    let mut client = speaking(broken.client).await;
    assert_eq!(code_of(&mut client).await, 1002, "an unmasked frame of a client");
    drop(client);
    assert_eq!(broken.server.await.unwrap(), Ended::Broken);
}

#[tokio::test]
async fn a_socket_at_rest_is_a_small_future() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let socket = Upgraded { conn: Conn::plain(stream, None), early: Bytes::new(), stop: CancellationToken::new() };
    let task = converse(socket, QUICK, Script::default());
    // Beside it stands tungstenite's read buffer of 2 KiB; the rest is the system's socket.
    let bytes = size_of_val(&task);
    assert!(bytes <= 2_048, "{bytes} bytes per idle socket");
}

#[tokio::test]
async fn messages_that_arrive_together_are_all_heard() {
    const MESSAGES: u32 = 50;
    let pair = pair(SocketOptions { silence: DEADLINE, ping: DEADLINE, ..QUICK }, []).await;
    let mut client = speaking(pair.client).await;
    // More than one read of the server holds, in one piece, and nothing after it that would wake the server again.
    for n in 0..MESSAGES {
        client.feed(Message::text(format!("{n} {}", "x".repeat(90)))).await.unwrap();
    }
    client.flush().await.unwrap();
    for n in 0..MESSAGES {
        let answer = timeout(DEADLINE, client.next()).await.unwrap().unwrap().unwrap();
        assert!(answer.to_text().unwrap().starts_with(&format!("{n} ")), "{answer:?}");
    }
}

/// Always has something to say, and stops when it hears anything.
struct Chatter;

impl Talk for Chatter {
    async fn next(&mut self) -> Say {
        Say::Frame(Frame::text("and another thing"))
    }

    fn waiting(&mut self) -> Option<Say> {
        None
    }

    async fn hear(&mut self, _heard: Heard<'_>) -> Option<Say> {
        Some(Say::Close(Closing::NORMAL))
    }
}

#[tokio::test]
async fn a_dialect_that_talks_without_end_still_hears_its_client_and_the_stop() {
    for stops in [false, true] {
        let options = SocketOptions { silence: DEADLINE, ping: DEADLINE, ..QUICK };
        let pair = play(move |socket| converse(socket, options, Chatter)).await;
        let mut client = speaking(pair.client).await;
        if stops {
            pair.stop.cancel();
        } else {
            client.send(Message::text("enough")).await.unwrap();
        }
        let quiet = async { while let Some(Ok(_)) = client.next().await {} };
        timeout(DEADLINE, quiet).await.unwrap();
        assert_eq!(pair.server.await.unwrap(), if stops { Ended::Stopped } else { Ended::Closed });
    }
}
