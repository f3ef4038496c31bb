//! The text convention of this protocol's clients, pure: Markdown with media as `![alt](XY://content "title")`, where X says
//! what it is (I picture, V film, F file) and Y where it lies (O: `content` is the place in the list of file keys; N:
//! `content` is `<scheme>,<rest>` of an address); some clients write the two letters small. Other dialects get a form that
//! anybody can read, and their files get this one.

/// What a text shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Any file.
    File,
}

impl Media {
    const fn letter(self) -> char {
        match self {
            Media::Image => 'I',
            Media::Video => 'V',
            Media::File => 'F',
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Media::Image => "image",
            Media::Video => "video",
            Media::File => "file",
        }
    }
}

/// One medium in a text.
#[derive(Debug, PartialEq, Eq)]
struct Shown<'a> {
    media: Media,
    /// What it is called: its title, else what stands for it.
    name: &'a str,
    /// Its address, when it lies elsewhere.
    address: Option<(&'a str, &'a str)>,
    /// Its place in the list of keys, when it lies there.
    place: Option<usize>,
}

/// The text as people without this convention read it: a medium is its name, or a link where the web has it. Those of the list
/// of which `is_seen` says so are left out: they are seen beside the text.
pub(crate) fn readable(text: &str, is_seen: impl Fn(usize) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("![") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match shown(from) {
            Some((shown, behind)) => {
                if !shown.place.is_some_and(&is_seen) {
                    out.push_str(&shown.words());
                }
                rest = behind;
            }
            None => {
                let (mark, behind) = from.split_at(2);
                out.push_str(mark);
                rest = behind;
            }
        }
    }
    out + rest
}

/// What a text says of a file that stands at this place in the list of keys.
pub(crate) fn written(media: Media, place: usize, name: &str) -> String {
    // A name must not end the link early.
    let name: String = name.chars().filter(|c| !matches!(c, '"' | '[' | ']' | '(' | ')') && !c.is_control()).collect();
    format!("![{name}]({}O://{place} \"{name}\")", media.letter())
}

/// The first bytes of a text, cut between two characters.
pub(crate) fn beginning(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

impl Shown<'_> {
    fn words(&self) -> String {
        let name = if self.name.is_empty() { self.media.word() } else { self.name };
        match self.address {
            Some((scheme @ ("http" | "https"), rest)) => {
                format!("[{name}]({scheme}://{})", rest.trim_start_matches(':').trim_start_matches("//"))
            }
            _ if self.name.is_empty() => format!("[{}]", self.media.word()),
            _ => format!("[{}: {name}]", self.media.word()),
        }
    }
}

/// The medium with which a text begins, and what stands behind it.
fn shown(text: &str) -> Option<(Shown<'_>, &str)> {
    let (alt, link) = text.strip_prefix("![")?.split_once("](")?;
    if alt.contains(['\n', '[']) {
        return None;
    }
    let (inside, behind) = ended(link)?;
    let (place, title) = match inside.split_once(" \"") {
        Some((place, title)) => (place, title.strip_suffix('"')?),
        None => (inside, ""),
    };
    let (kind, content) = place.split_once("://")?;
    let mut letters = kind.chars().map(|letter| letter.to_ascii_uppercase());
    let media = match letters.next()? {
        'I' => Media::Image,
        'V' => Media::Video,
        'F' => Media::File,
        _ => return None,
    };
    let address = match (letters.next()?, letters.next()) {
        ('O', None) => None,
        ('N', None) => Some(content.split_once(',')?),
        _ => return None,
    };
    let name = if title.is_empty() { alt } else { title };
    let place = content.parse().ok().filter(|_| address.is_none());
    Some((Shown { media, name, address, place }, behind))
}

/// What stands in a link, and behind it. A title may hold the sign that ends a link.
fn ended(link: &str) -> Option<(&str, &str)> {
    let bare = link.find(')')?;
    let titled = link.find(" \"").filter(|title| *title < bare);
    match titled {
        Some(title) => {
            let end = title + 2 + link.get(title + 2..)?.find("\")")? + 1;
            Some((link.get(..end)?, link.get(end + 1..)?))
        }
        None => Some((link.get(..bare)?, link.get(bare + 1..)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_become_words_and_links_and_the_rest_stays_as_it_is() {
        for (text, read) in [
            ("plain *text*", "plain *text*"),
            ("see ![cat](IO://0 \"my (cat).png\") there", "see [image: my (cat).png] there"),
            ("![a](VO://1)![b](FO://2)", "[video: a][file: b]"),
            ("![](FO://0)", "[file]"),
            ("![x](IN://https,example.org/a.png)", "[x](https://example.org/a.png)"),
            ("![x](IN://https,//example.org/a.png \"t\")!", "[t](https://example.org/a.png)!"),
            ("![x](in://https,//example.org/a.png)", "[x](https://example.org/a.png)"),
            ("![x](IN://javascript,alert(1))", "[image: x])"),
            ("![x](https://example.org/a.png)", "![x](https://example.org/a.png)"),
            ("![ ![y](IO://0)", "![ [image: y]"),
            ("![x](IO://0", "![x](IO://0"),
            (
                "![x](QO://0) ![x](IX://0) ![x](I://0) ![x](IN://0)",
                "![x](QO://0) ![x](IX://0) ![x](I://0) ![x](IN://0)",
            ),
            ("![", "!["),
        ] {
            assert_eq!(readable(text, |_| false), read, "{text}");
        }
    }

    #[test]
    fn what_we_write_is_what_we_read() {
        for (media, read) in [(Media::Image, "[image: a b.png]"), (Media::Video, "[video: a b.png]")] {
            assert_eq!(readable(&written(media, 3, "a\" [b](.png\n"), |_| false), read);
        }
        assert_eq!(written(Media::File, 0, "x.txt"), "![x.txt](FO://0 \"x.txt\")");
    }

    #[test]
    fn what_is_seen_beside_the_text_is_left_out_of_it() {
        let text = "a ![x](IO://0 \"x.png\") b ![y](FO://1) c ![z](IN://https,e.org/0) ![w](FO://first)";
        let read = readable(text, |place| place == 0);
        assert_eq!(read, "a  b [file: y] c [z](https://e.org/0) [file: w]");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(beginning("a\u{4e2d}b", 3), "a");
        assert_eq!(beginning("a\u{4e2d}b", 4), "a\u{4e2d}");
        assert_eq!(beginning("ab", 9), "ab");
    }
}
