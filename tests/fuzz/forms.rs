//! Bytes as a request in one of the forms of the protocol, and an answer as its status.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chatelaine_ourchat_pb::DESCRIPTORS;
use http::{HeaderMap, HeaderValue, Request, Version};
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// A path that no service has, and one of another service.
const OTHERS: [&str; 2] =
    ["/service.none.v1.Nothing/Ping", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"];
/// Streams that wait for what happens.
const ENDLESS: [&str; 2] = ["/FetchMsgs", "/Verify"];
/// After these there may be nobody left to call, or nobody who is let in.
const LAST: [&str; 5] = ["/Unregister", "/SetServerStatus", "/BanUser", "/DeleteAccount", "/RemoveServerRole"];

/// Every path, always in the same order.
pub(crate) fn rpcs() -> Vec<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("descriptors");
    let mut paths: Vec<String> = OTHERS.map(str::to_owned).to_vec();
    for file in set.file.iter().filter(|file| file.package().starts_with("service.")) {
        for service in &file.service {
            let rpc = |name: &str| format!("/{}.{}/{name}", file.package(), service.name());
            paths.extend(service.method.iter().map(|method| rpc(method.name())));
        }
    }
    paths.sort();
    paths
}

/// One input: how, where to, and what.
pub(crate) struct Input<'a> {
    form: u8,
    path: &'a str,
    content: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn read(bytes: &'a [u8], paths: &'a [String]) -> Option<Input<'a>> {
        let (head, content) = bytes.split_at_checked(2)?;
        let [form, place] = head else { return None };
        let path = paths.get(usize::from(*place) % paths.len())?;
        Some(Input { form: *form, path, content })
    }

    pub(crate) fn path(&self) -> &str {
        self.path
    }

    pub(crate) fn answer_never_ends(&self) -> bool {
        ENDLESS.iter().any(|rpc| self.path.ends_with(rpc))
    }

    pub(crate) fn ends_the_game(&self) -> bool {
        LAST.iter().any(|rpc| self.path.ends_with(rpc))
    }

    fn is_text(&self) -> bool {
        self.form & 3 >= 2
    }

    /// The body as the bytes on the wire, in pieces of the size that the form asks for.
    pub(crate) fn body(&self, names: &[(Vec<u8>, Vec<u8>)]) -> impl Iterator<Item = Bytes> + use<> {
        let mut content = self.content.to_vec();
        for (stand_in, name) in names {
            put_in(&mut content, stand_in, name);
        }
        let framed = match self.form >> 2 & 3 {
            0 => frame(&content),
            1 => content,
            2 => several(&content),
            _ => {
                let mut cut = frame(&content);
                cut.pop();
                cut
            }
        };
        let sent = if self.is_text() && self.form & 32 == 0 { STANDARD.encode(framed).into_bytes() } else { framed };
        let size = [sent.len().max(1), 1, 3, 64].get(usize::from(self.form >> 6)).copied().unwrap_or(1);
        let sent = Bytes::from(sent);
        let places = (0..sent.len()).step_by(size);
        places.map(move |at| sent.slice(at..sent.len().min(at + size)))
    }

    pub(crate) fn request<B>(&self, token: &HeaderValue, body: B) -> Request<B> {
        let (kind, accept) = match self.form & 3 {
            0 => ("application/grpc", "application/grpc"),
            1 => ("application/grpc-web+proto", "application/grpc-web+proto"),
            2 => ("application/grpc-web-text", "application/grpc-web-text"),
            _ => ("application/grpc-web-text+proto", "application/grpc-web"),
        };
        let mut request = Request::new(body);
        *request.version_mut() = Version::HTTP_2;
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.path.parse().expect("a path");
        let headers = request.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(kind));
        headers.insert("accept", HeaderValue::from_static(accept));
        if self.form & 16 == 0 {
            headers.insert("authorization", token.clone());
        }
        request
    }
}

/// Puts a name that only this run knows where the input has its stand-in of the same length.
fn put_in(content: &mut [u8], stand_in: &[u8], name: &[u8]) {
    let found = content.windows(stand_in.len()).position(|window| window == stand_in);
    if let Some(place) = found.and_then(|at| content.get_mut(at..at + stand_in.len())) {
        place.copy_from_slice(name);
    }
}

/// One message with its prefix.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend(message);
    frame
}

/// Several messages: each is led by its length in one byte.
fn several(mut content: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = content.split_first() {
        let (message, behind) = rest.split_at(usize::from(*length).min(rest.len()));
        frames.extend(frame(message));
        content = behind;
    }
    frames
}

/// The status of an answer.
pub(crate) struct Answered {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    /// The message of it, if there is one.
    pub(crate) message: Vec<u8>,
}

impl Answered {
    /// From wherever the form has it: the headers, the trailers, or the last frame.
    pub(crate) fn read(head: &HeaderMap, trailers: &HeaderMap, body: &[u8]) -> Answered {
        let is_text =
            head.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc-web-text"));
        // Each piece is encoded by itself, with its own padding.
        let plain: Vec<u8> = match is_text {
            true => body.chunks(4).flat_map(|four| STANDARD.decode(four).expect("base64")).collect(),
            false => body.to_vec(),
        };
        let (mut in_body, mut message, mut rest) = (HeaderMap::new(), Vec::new(), plain.as_slice());
        while let Some(([flag, size @ ..], behind)) = rest.split_first_chunk::<5>() {
            let size = usize::try_from(u32::from_be_bytes(*size)).expect("a size");
            let (content, more) = behind.split_at_checked(size).expect("a whole frame");
            if *flag & 0x80 == 0 {
                message = content.to_vec();
            } else {
                lines(content, &mut in_body);
            }
            rest = more;
        }
        assert!(rest.is_empty(), "half a frame");
        let found = |name: &str| [head, trailers, &in_body].into_iter().find_map(|headers| headers.get(name).cloned());
        let text = |value: HeaderValue| value.to_str().map(|text| text.replace("%20", " ")).unwrap_or_default();
        let code = found("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok());
        Answered { code, text: found("grpc-message").map(text).unwrap_or_default(), message }
    }
}

fn lines(content: &[u8], into: &mut HeaderMap) {
    for line in String::from_utf8_lossy(content).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
        into.insert(name, HeaderValue::from_str(value.trim()).expect("a value"));
    }
}
