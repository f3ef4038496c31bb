//! What several HTTP dialects do with the head of an answer: set a header of theirs, and tell whether the client has the bytes.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Sets a header whose value is text of ours; a value that cannot be one is left out.
pub fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether a request names this entity tag, quotes included, among those whose bytes its client has (RFC 9110 section 13.1.2).
/// Weak tags are no match: ours are strong.
pub fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let tags = request.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    tags.is_some_and(|tags| tags.split(',').map(str::trim).any(|tag| tag == etag || tag == "*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_itself_in_a_list_or_by_a_star() {
        let asked = |tags: &'static str| {
            let mut headers = HeaderMap::new();
            set(&mut headers, header::IF_NONE_MATCH, tags);
            is_known(&headers, "\"a\"")
        };
        assert!(asked("\"a\"") && asked("\"b\" , \"a\"") && asked("*"));
        assert!(!asked("a") && !asked("\"b\"") && !asked("W/\"a\"") && !asked(""));
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
