//! Letters on their way out of the server. One is a row until it was handed over or given up, so a crash loses none; who hands
//! them over takes what is due, and says of each how it went. A try that failed is repeated, each time after twice as long,
//! until the letter has lapsed: a link that no longer works is worth no letter.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::accounts::Email;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::LetterId;
use crate::lapsing;
use crate::limits::{
    LETTER_BYTES_MAX, LETTER_RETRY_MAX_S, LETTER_RETRY_S, LETTER_SUBJECT_BYTES_MAX, LETTERS_KEPT_MAX, PAGE_ITEMS_MAX,
    ROW_PIECE_BYTES_MAX,
};
use crate::schema::{LETTER_BY_ID, LETTERS, LETTERS_BY_DUE, PIECE_BY_LETTER};
use crate::split::split_text;
use crate::{Core, Tx};

/// Which form of a letter a piece belongs to.
const TEXT: u8 = 0;
const HTML: u8 = 1;
/// Pieces of one letter at most: those of its bytes, one begun of either form, and what is lost by cutting between characters.
const PIECES_MAX: usize = LETTER_BYTES_MAX / (ROW_PIECE_BYTES_MAX - 3) + 2;

/// A letter to be sent.
#[derive(Clone)]
pub struct NewLetter {
    /// Whom it goes to.
    pub to: Email,
    /// The line above it.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The same as a page, if there is one.
    pub html: Option<String>,
    /// Seconds after which it is not worth sending any more.
    pub life_s: u64,
}

/// A letter that waits. It says things that are meant for one reader, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Whom it goes to.
    pub to: String,
    /// The line above it.
    pub subject: String,
    /// What it says. A long letter lies in further rows; both its forms are then empty in this one.
    pub text: String,
    /// The same as a page, if there is one.
    pub html: Option<String>,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub due_at: Stamp,
    /// When it is given up.
    pub expires_at: Stamp,
}

impl Row for Letter {}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(***)")
    }
}

/// Puts a letter among those to be sent. Fails with `Invalid(Text, TooLong)`, and with `Busy` when too many wait already.
pub fn put(core: &Core, caller: &Caller, new: NewLetter) -> Result<LetterId> {
    let page_bytes = new.html.as_ref().map_or(0, String::len);
    let is_long = new.subject.len() + new.text.len() + page_bytes > LETTER_BYTES_MAX;
    if is_long || new.subject.len() > LETTER_SUBJECT_BYTES_MAX {
        return Err(Error::Invalid(Field::Text, Flaw::TooLong));
    }
    let now = core.now();
    let letter = Letter {
        to: new.to.as_str().to_owned(),
        subject: new.subject,
        text: new.text,
        html: new.html,
        tries: 0,
        due_at: now,
        expires_at: now.plus_seconds(new.life_s),
    };
    core.write(caller, move |tx| {
        if LETTERS_BY_DUE.count(tx, &(), LETTERS_KEPT_MAX)? >= LETTERS_KEPT_MAX {
            return Err(Error::Busy);
        }
        let id = LetterId::new(tx.count_up(&LETTERS)?);
        let row = apart(tx, id, letter.clone())?;
        keep(tx, id, &row)?;
        Ok(id)
    })
}

/// Puts the forms of a letter into rows of their own when they do not fit into one; gives the letter as it is then kept.
fn apart(tx: &mut Tx<'_>, id: LetterId, mut letter: Letter) -> Result<Letter> {
    if letter.text.len() + letter.html.as_ref().map_or(0, String::len) <= ROW_PIECE_BYTES_MAX {
        return Ok(letter);
    }
    let text = std::mem::take(&mut letter.text);
    let html = letter.html.as_mut().map(std::mem::take).unwrap_or_default();
    for (form, whole) in [(TEXT, text), (HTML, html)] {
        let (first, rest) = split_text(&whole);
        for (number, piece) in (0..).zip(std::iter::once(first).chain(rest)) {
            PIECE_BY_LETTER.put(tx, &(id, form, number), &piece.to_owned())?;
        }
    }
    Ok(letter)
}

/// A letter with all its pieces.
fn whole(r: &impl Read, id: LetterId) -> Result<Option<Letter>> {
    let Some(mut letter) = LETTER_BY_ID.get(r, &id)? else { return Ok(None) };
    for ((_, form, _), piece) in PIECE_BY_LETTER.list(r, &id, None, Order::Ascending, PIECES_MAX)? {
        match (form, &mut letter.html) {
            (HTML, Some(html)) => html.push_str(&piece),
            (_, _) => letter.text.push_str(&piece),
        }
    }
    Ok(Some(letter))
}

fn keep(tx: &mut Tx<'_>, id: LetterId, letter: &Letter) -> Result<()> {
    LETTER_BY_ID.put(tx, &id, letter)?;
    Ok(LETTERS_BY_DUE.put(tx, &(letter.due_at, id), &())?)
}

/// The letters that are due, at most so many, the longest due first.
pub fn due(core: &Core, most: usize) -> Result<Vec<(LetterId, Letter)>> {
    let now = core.now();
    core.read(|view| {
        let keys = lapsing::due(view, &LETTERS_BY_DUE, now, most)?.into_iter();
        keys.filter_map(|(_, id)| whole(view, id).transpose().map(|letter| Ok((id, letter?)))).collect()
    })
}

/// Forgets a letter: it was handed over, or nobody will ever take it.
pub fn remove(core: &Core, id: LetterId) -> Result<()> {
    core.write(&Caller::system(), move |tx| {
        take(tx, id)?;
        forget_pieces(tx, id)
    })
}

/// Counts a try that failed and says whether there will be another; else the letter is given up and gone.
pub fn put_off(core: &Core, id: LetterId) -> Result<bool> {
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        let Some(mut letter) = take(tx, id)? else { return Ok(false) };
        letter.due_at = now.plus_seconds(wait_s(letter.tries));
        letter.tries = letter.tries.saturating_add(1);
        if letter.due_at >= letter.expires_at {
            forget_pieces(tx, id)?;
            return Ok(false);
        }
        keep(tx, id, &letter)?;
        Ok(true)
    })
}

/// Seconds from the failed try after so many others to the next one.
fn wait_s(tries: u32) -> u64 {
    LETTER_RETRY_S.saturating_mul(1 << tries.min(32)).min(LETTER_RETRY_MAX_S)
}

fn forget_pieces(tx: &mut Tx<'_>, id: LetterId) -> Result<()> {
    Ok(PIECE_BY_LETTER.remove_all(tx, &id, PIECES_MAX).map(drop)?)
}

/// Takes the row of a letter; its pieces stay.
fn take(tx: &mut Tx<'_>, id: LetterId) -> Result<Option<Letter>> {
    let Some(letter) = LETTER_BY_ID.get(tx, &id)? else { return Ok(None) };
    LETTER_BY_ID.remove(tx, &id)?;
    LETTERS_BY_DUE.remove(tx, &(letter.due_at, id))?;
    Ok(Some(letter))
}

/// Removes letters that have lapsed, a page at a time; says how many. For servers that no longer send any.
pub fn expire(core: &Core) -> Result<usize> {
    let now = core.now();
    let lapsed: Vec<_> =
        due(core, PAGE_ITEMS_MAX)?.into_iter().filter(|(_, letter)| letter.expires_at <= now).collect();
    lapsed.iter().try_for_each(|(id, _)| remove(core, *id))?;
    Ok(lapsed.len())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chatelaine_store::Order;

    use super::*;
    use crate::testing::World;

    fn letter(life_s: u64) -> NewLetter {
        let to = Email::new("ann@example.org").unwrap();
        NewLetter { to, subject: "hello".into(), text: "words".into(), html: None, life_s }
    }

    fn rows(core: &Core) -> (usize, usize) {
        core.read(|view| (LETTER_BY_ID.count(view, &(), 99).unwrap(), LETTERS_BY_DUE.count(view, &(), 99).unwrap()))
    }

    fn pieces(core: &Core) -> usize {
        core.read(|view| PIECE_BY_LETTER.count(view, &(), 999).unwrap())
    }

    #[test]
    fn a_letter_waits_until_it_is_handed_over() {
        let world = World::new();
        let first = put(&world.core, &Caller::system(), letter(300)).unwrap();
        world.clock.wind(Duration::from_secs(1));
        let second = put(&world.core, &Caller::system(), letter(300)).unwrap();
        let ids = |most| due(&world.core, most).unwrap().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!((ids(9), ids(1)), (vec![first, second], vec![first]));
        remove(&world.core, first).unwrap();
        remove(&world.core, first).unwrap();
        assert_eq!((ids(9), rows(&world.core)), (vec![second], (1, 1)));
        assert_eq!(format!("{:?}", due(&world.core, 1).unwrap()[0].1), "Letter(***)");
    }

    #[test]
    fn a_failed_try_is_repeated_ever_more_seldom_and_given_up_when_the_letter_has_lapsed() {
        let world = World::new();
        let id = put(&world.core, &Caller::system(), letter(300)).unwrap();
        let mut waited = Vec::new();
        while put_off(&world.core, id).unwrap() {
            assert_eq!(due(&world.core, 9), Ok(Vec::new()), "not at once");
            let (at, _) = world.core.read(|view| LETTERS_BY_DUE.keys(view, &(), None, Order::Ascending, 1)).unwrap()[0];
            let wait_ms = at.millis_since(world.core.now());
            world.clock.wind(Duration::from_millis(wait_ms));
            waited.push(wait_ms / 1_000);
            assert_eq!(due(&world.core, 9).unwrap().len(), 1);
        }
        assert_eq!(waited, [5, 10, 20, 40, 80]);
        assert_eq!(rows(&world.core), (0, 0), "given up");
        assert_eq!(put_off(&world.core, id), Ok(false));
        assert_eq!((wait_s(40), wait_s(u32::MAX)), (LETTER_RETRY_MAX_S, LETTER_RETRY_MAX_S));
    }

    #[test]
    fn letters_that_nobody_sends_are_cleared_away_when_they_have_lapsed() {
        let world = World::new();
        put(&world.core, &Caller::system(), letter(300)).unwrap();
        put(&world.core, &Caller::system(), letter(400)).unwrap();
        assert_eq!(expire(&world.core), Ok(0));
        world.clock.wind(Duration::from_secs(300));
        assert_eq!((expire(&world.core), rows(&world.core)), (Ok(1), (1, 1)));
    }

    #[test]
    fn a_long_letter_is_kept_whole_through_failed_tries_and_leaves_nothing_behind() {
        let world = World::new();
        let page = "<p>\u{e9}\u{4e2d}</p>".repeat(10_000);
        let text = "words\n".repeat((LETTER_BYTES_MAX - page.len() - "hello".len()) / "words\n".len());
        let long = || NewLetter { text: text.clone(), html: Some(page.clone()), ..letter(10) };
        let id = put(&world.core, &Caller::system(), long()).unwrap();
        let kept = |core: &Core| due(core, 9).unwrap().remove(0).1;
        assert_eq!((kept(&world.core).text, kept(&world.core).html), (text.clone(), Some(page.clone())));
        assert_eq!(put_off(&world.core, id), Ok(true));
        world.clock.wind(Duration::from_secs(5));
        assert_eq!((kept(&world.core).text, kept(&world.core).html), (text.clone(), Some(page.clone())));
        assert_eq!((put_off(&world.core, id), rows(&world.core), pieces(&world.core)), (Ok(false), (0, 0), 0));
        let id = put(&world.core, &Caller::system(), long()).unwrap();
        assert!(pieces(&world.core) <= PIECES_MAX);
        remove(&world.core, id).unwrap();
        assert_eq!((rows(&world.core), pieces(&world.core)), ((0, 0), 0));
        let plain = NewLetter { text: "x".repeat(ROW_PIECE_BYTES_MAX + 1), ..letter(300) };
        put(&world.core, &Caller::system(), plain).unwrap();
        assert_eq!((kept(&world.core).text.len(), kept(&world.core).html), (ROW_PIECE_BYTES_MAX + 1, None));
    }

    #[test]
    fn a_letter_is_not_endless() {
        let world = World::new();
        let long = NewLetter { text: "x".repeat(LETTER_BYTES_MAX), ..letter(300) };
        let refused = put(&world.core, &Caller::system(), long);
        assert_eq!(refused, Err(Error::Invalid(Field::Text, Flaw::TooLong)));
        let long = NewLetter { subject: "x".repeat(LETTER_SUBJECT_BYTES_MAX + 1), ..letter(300) };
        assert_eq!(put(&world.core, &Caller::system(), long), Err(Error::Invalid(Field::Text, Flaw::TooLong)));
    }
}
