//! Cookies that a request brings, read in one place. Other programs of the same host share the header, so a pair that is none
//! is passed over and hides nothing.

/// The values of this name among lines of `Cookie` headers, in the order in which they stand.
pub fn named<'a>(lines: impl Iterator<Item = &'a str>, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_one_name_are_found_among_whatever_else_is_there() {
        let lines = ["a=1; no pair; b=2;; =3", "a=;xa=4; a = 5;a=6=7"];
        assert_eq!(named(lines.into_iter(), "a").collect::<Vec<_>>(), ["1", "6=7"]);
        assert_eq!(named(lines.into_iter(), "c").next(), None);
    }
}
