//! Stories: calls of every rpc and what is answered, over a real connection, with messages made from the descriptors alone.
//!
//! A story is a file in `stories/`, a step a line; its transcript is a golden file. Steps:
//!
//! ```text
//! # words                            are copied
//! person ann                         registers ann@example.org; $ann is her number
//! ann SendMsg {"session_id": 1}      an rpc with ann's token; - calls without one; Manage.BanUser names the service
//! ann Upload [{..}, {..}]            several messages, for a client stream
//! ann AddRole {..} -> role=role_id   keeps a value of the answer as $role
//! ann opens FetchMsgs {..}           a stream that stays open, one a person
//! ann hears 2                        the next two messages of it; `ann hears the end` its end
//! with "Bearer x" Ping {}            a call with this authorization header
//! wind 60                            sixty seconds pass
//! letter link                        keeps the path of the link in the next letter as $link
//! GET $link                          a plain request
//! operator ann                       makes ann an administrator, as the command line does
//! ```
//!
//! Requests are protobuf's JSON, or `hex:` and the bytes of the message. Ids and times are the same in every run; what is random is
//! replaced by a word.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Caller, server_roles};
use chatelaine_ourchat_pb::DESCRIPTORS;
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use serde_json::{Value, json};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

use super::harness::public_key;
use crate::client::{Ask, PATIENCE};
use crate::golden;
use crate::world::{PASSWORD, World};

/// Members of answers that are random, so that each value is called by a number of its own.
const RANDOM: [&str; 7] = ["token", "ocid", "key", "avatar_key", "upload_id", "unique_identifier", "uptime_seconds"];

/// One story under way.
pub struct Script<'w> {
    world: &'w World,
    pool: DescriptorPool,
    channel: Channel,
    text: String,
    /// What `$name` stands for.
    known: HashMap<String, String>,
    tokens: HashMap<String, String>,
    open: HashMap<String, Streaming<DynamicMessage>>,
    /// What is random, and what is written instead.
    masks: Vec<(String, String)>,
}

/// Plays a story and compares its transcript.
pub async fn play(world: &World, name: &str, story: &str) {
    let endpoint = Endpoint::from_shared(format!("http://{}", world.address)).expect("an address");
    let mut script = Script {
        world,
        pool: DescriptorPool::decode(DESCRIPTORS).expect("our own descriptors"),
        channel: endpoint.connect_lazy(),
        text: String::new(),
        known: HashMap::from([("public_key".to_owned(), BASE64.encode(public_key()))]),
        tokens: HashMap::new(),
        open: HashMap::new(),
        masks: vec![(BASE64.encode(public_key()), "(public key)".to_owned())],
    };
    for line in story.lines().filter(|line| !line.is_empty()) {
        script.step(line).await;
    }
    golden::check(&format!("transcripts/ourchat/{name}.txt"), &script.text);
}

impl Script<'_> {
    async fn step(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "#" => writeln!(self.text, "{}{line}", if self.text.is_empty() { "" } else { "\n" }).expect("text grows"),
            "person" => self.person(rest).await,
            "wind" => {
                self.world.clock.wind(std::time::Duration::from_secs(rest.parse().expect("seconds")));
                self.write(">", line);
            }
            "letter" => {
                let letter = self.world.letters.lock().expect("the letters").recv_timeout(PATIENCE).expect("a letter");
                let path = letter.link.strip_prefix("http://here").expect("our own address").to_owned();
                self.masks.push((path.clone(), format!("(link {})", letter.to)));
                self.known.insert(rest.to_owned(), path);
            }
            "GET" => {
                let path = self.filled(rest);
                let answer = Ask::new("GET", &path).send(self.world.address);
                self.write(">", &format!("GET {path}"));
                self.write("<", &format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)));
            }
            "operator" => {
                let id = AccountId::new(self.known[rest].parse().expect("a number"));
                let (core, operator) = (&self.world.core, Caller::operator());
                let role = server_roles::find_by_name(core, &operator, "admin").expect("a role of old");
                server_roles::grant(core, &operator, id, role.id).expect("an administrator");
            }
            "with" => {
                let (header, call) = rest.trim_start_matches('"').split_once("\" ").expect("a header in quotes");
                let header = self.filled(header);
                drop(self.call(&format!("with {header:?}"), Some(&header), call).await);
            }
            who => {
                let header = self.tokens.get(who).map(|token| format!("Bearer {token}"));
                match rest.split_once(' ').unwrap_or((rest, "")) {
                    ("hears", count) => self.hears(who, count).await,
                    ("opens", call) => self.opens(who, header.as_deref(), call).await,
                    _ => drop(self.call(who, header.as_deref(), rest).await),
                }
            }
        }
    }

    async fn person(&mut self, name: &str) {
        let ask = json!({
            "email": format!("{name}@example.org"), "password": PASSWORD, "name": name, "public_key": BASE64.encode(public_key()),
        });
        let answer = self.call("-", None, &format!("Register {ask}")).await.expect("an account");
        self.tokens.insert(name.to_owned(), answer["token"].as_str().expect("a token").to_owned());
        self.known.insert(name.to_owned(), answer["id"].to_string());
        self.known.insert(format!("{name}.ocid"), answer["ocid"].as_str().expect("a handle").to_owned());
    }

    /// Calls, writes both sides down and gives the answer.
    async fn call(&mut self, who: &str, header: Option<&str>, call: &str) -> Option<Value> {
        let (call, keeps) = call.rsplit_once(" -> ").map_or((call, None), |(call, keeps)| (call, Some(keeps)));
        let mut last = None;
        match self.start(who, header, call).await {
            Err(status) => self.write_status(&status),
            Ok(mut answers) => loop {
                match next(&mut answers).await {
                    Ok(Some(answer)) => last = Some(self.write_answer("<", answer)),
                    Ok(None) => break self.write("<", "OK"),
                    Err(status) => break self.write_status(&status),
                }
            },
        }
        for (name, member) in keeps.iter().flat_map(|keeps| keeps.split(' ')).filter_map(|keep| keep.split_once('=')) {
            let value = &last.as_ref().expect("an answer")[member];
            self.known.insert(name.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        last
    }

    async fn opens(&mut self, who: &str, header: Option<&str>, call: &str) {
        match self.start(who, header, call).await {
            Ok(stream) => drop(self.open.insert(who.to_owned(), stream)),
            Err(status) => self.write_status(&status),
        }
    }

    async fn hears(&mut self, who: &str, count: &str) {
        let mut stream = self.open.remove(who).expect("an open stream");
        self.write(">", &format!("{who} hears"));
        if count == "the end" {
            match next(&mut stream).await {
                Ok(None) => self.write("<", "OK"),
                Ok(Some(answer)) => panic!("not the end: {answer}"),
                Err(status) => self.write_status(&status),
            }
            return;
        }
        for _ in 0..count.parse().expect("a number") {
            let answer = next(&mut stream).await.expect("no failure").expect("not the end");
            self.write_answer("<", answer);
        }
        self.open.insert(who.to_owned(), stream);
    }

    async fn start(
        &mut self,
        who: &str,
        header: Option<&str>,
        call: &str,
    ) -> Result<Streaming<DynamicMessage>, Status> {
        let (name, body) = call.split_once(' ').expect("an rpc and its request");
        let method = self.method(name);
        let body = self.filled(body);
        self.write(">", &format!("{who} {name} {}", shortened(&body)));
        let asks: Vec<DynamicMessage> = requests(&body).into_iter().map(|ask| message(&method, ask)).collect();
        let mut request = Request::new(tokio_stream::iter(asks));
        if let Some(header) = header {
            let value = MetadataValue::try_from(header).expect("a header");
            request.metadata_mut().insert("authorization", value);
        }
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let path = PathAndQuery::try_from(path).expect("a path");
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.expect("a connection");
        let answers = client.streaming(request, path, Wire(method.output()));
        Ok(tokio::time::timeout(PATIENCE, answers).await.expect("in time")?.into_inner())
    }

    /// An rpc by its name; where two services have one of that name, the one for everybody is meant.
    fn method(&self, name: &str) -> MethodDescriptor {
        let (service, name) = name.split_once('.').unwrap_or(("", name));
        let mut all = self.pool.services().filter(|of| of.name().contains(service)).collect::<Vec<_>>();
        all.sort_by_key(|of| of.name().contains("Manage"));
        let found = all.iter().flat_map(prost_reflect::ServiceDescriptor::methods).find(|method| method.name() == name);
        found.unwrap_or_else(|| panic!("no rpc {name}"))
    }

    fn filled(&self, text: &str) -> String {
        let mut names: Vec<_> = self.known.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value))
    }

    fn write_answer(&mut self, mark: &str, answer: Value) -> Value {
        self.mask(&answer);
        self.write(mark, &answer.to_string());
        answer
    }

    fn write_status(&mut self, status: &Status) {
        let number = status.metadata().get("ourchat-code-id").map(|id| format!(" ({})", id.to_str().expect("digits")));
        self.write("<", &format!("{:?} {:?}{}", status.code(), status.message(), number.unwrap_or_default()));
    }

    fn write(&mut self, mark: &str, text: &str) {
        let masks = &self.masks;
        let text = masks.iter().fold(text.to_owned(), |text, (random, word)| text.replace(random, word));
        writeln!(self.text, "{mark} {text}").expect("text grows");
    }

    /// Gives everything random in an answer a word.
    fn mask(&mut self, answer: &Value) {
        match answer {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(random) if RANDOM.contains(&name.as_str()) && random.len() > 8 => {
                            self.mask_one(name, random)
                        }
                        _ => self.mask(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.mask(item)),
            _ => {}
        }
    }

    fn mask_one(&mut self, name: &str, random: &str) {
        if !self.masks.iter().any(|(known, _)| known == random) {
            let kind = if name == "avatar_key" { "key" } else { name };
            let number = self.masks.iter().filter(|(_, word)| word.starts_with(&format!("({kind} "))).count() + 1;
            self.masks.push((random.to_owned(), format!("({kind} {number})")));
        }
    }
}

/// Long runs of one letter by their length.
fn shortened(body: &str) -> String {
    if body.len() <= 700 { body.to_owned() } else { format!("({} characters)", body.len()) }
}

fn requests(body: &str) -> Vec<Value> {
    if body.starts_with("hex:") {
        return vec![Value::from(body)];
    }
    match serde_json::from_str(body).unwrap_or_else(|flaw| panic!("{flaw}: {body}")) {
        Value::Array(asks) => asks,
        ask => vec![ask],
    }
}

fn message(method: &MethodDescriptor, ask: Value) -> DynamicMessage {
    if let Some(digits) = ask.as_str().and_then(|text| text.strip_prefix("hex:")) {
        let (pairs, _) = digits.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
        let bytes: Vec<u8> = pairs.iter().map(byte).collect();
        return DynamicMessage::decode(method.input(), bytes.as_slice()).expect("a message");
    }
    DynamicMessage::deserialize(method.input(), ask).expect("a message of that kind")
}

async fn next(answers: &mut Streaming<DynamicMessage>) -> Result<Option<Value>, Status> {
    let answer = tokio::time::timeout(PATIENCE, answers.message()).await.expect("in time")?;
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    let shown = |answer: DynamicMessage| answer.serialize_with_options(serde_json::value::Serializer, &options);
    Ok(answer.map(|answer| shown(answer).expect("JSON")))
}

/// The codec of a message that is known by its descriptor only.
#[derive(Clone)]
struct Wire(MessageDescriptor);

impl Codec for Wire {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Wire;
    type Decoder = Wire;

    fn encoder(&mut self) -> Wire {
        self.clone()
    }

    fn decoder(&mut self) -> Wire {
        self.clone()
    }
}

impl Encoder for Wire {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(into).map_err(|flaw| Status::internal(flaw.to_string()))
    }
}

impl Decoder for Wire {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), from);
        message.map(Some).map_err(|flaw| Status::internal(flaw.to_string()))
    }
}
