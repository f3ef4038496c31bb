//! Rows with something personal move into sealed trees, and where an e-mail address or an identifier was found by itself or by
//! a hash that the store could try out, it is found by its mark. Rows move unread, so that no later form of theirs matters here.

use chatelaine_store::{Fault, Order};

use crate::Tx;
use crate::schema::{
    ACCOUNT_BY_ID, EMAIL_PROOF_BY_TOKEN, ID_BY_EMAIL, ID_BY_IDENTIFIER, IDENTIFIER_BY_ACCOUNT, LETTER_BY_ID,
    OLD_ACCOUNT_BY_ID, OLD_EMAIL_PROOF_BY_TOKEN, OLD_ID_BY_EMAIL, OLD_ID_BY_IDENTIFIER, OLD_IDENTIFIER_BY_ACCOUNT,
    OLD_LETTER_BY_ID, OLD_ONE_TIME_LINK_BY_TOKEN, ONE_TIME_LINK_BY_TOKEN,
};

/// Rows of each tree that one batch moves.
const ROWS_PER_BATCH: usize = 200;

/// Moves one batch; says whether more may be left.
pub(super) fn batch(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let most = ROWS_PER_BATCH;
    let moved = OLD_ACCOUNT_BY_ID.move_to(tx, &ACCOUNT_BY_ID, most)?
        + OLD_EMAIL_PROOF_BY_TOKEN.move_to(tx, &EMAIL_PROOF_BY_TOKEN, most)?
        + OLD_ONE_TIME_LINK_BY_TOKEN.move_to(tx, &ONE_TIME_LINK_BY_TOKEN, most)?
        + OLD_LETTER_BY_ID.move_to(tx, &LETTER_BY_ID, most)?
        + addresses(tx, most)?
        + identifiers(tx, most)?
        + owners(tx, most)?;
    Ok(moved > 0)
}

fn addresses(tx: &mut Tx<'_>, most: usize) -> Result<usize, Fault> {
    let rows = OLD_ID_BY_EMAIL.list(tx, &(), None, Order::Ascending, most)?;
    for (folded, id) in &rows {
        let mark = ID_BY_EMAIL.mark(tx, folded.0.as_bytes())?;
        ID_BY_EMAIL.put(tx, &mark, id)?;
        OLD_ID_BY_EMAIL.remove(tx, folded)?;
    }
    Ok(rows.len())
}

fn identifiers(tx: &mut Tx<'_>, most: usize) -> Result<usize, Fault> {
    let rows = OLD_IDENTIFIER_BY_ACCOUNT.list(tx, &(), None, Order::Ascending, most)?;
    for (key, row) in &rows {
        let (account, kind, hash) = *key;
        let mark = ID_BY_IDENTIFIER.mark(tx, &hash)?;
        IDENTIFIER_BY_ACCOUNT.put(tx, &(account, kind, mark), row)?;
        OLD_IDENTIFIER_BY_ACCOUNT.remove(tx, key)?;
    }
    Ok(rows.len())
}

fn owners(tx: &mut Tx<'_>, most: usize) -> Result<usize, Fault> {
    let rows = OLD_ID_BY_IDENTIFIER.list(tx, &(), None, Order::Ascending, most)?;
    for (key, id) in &rows {
        let (kind, hash) = *key;
        let mark = ID_BY_IDENTIFIER.mark(tx, &hash)?;
        ID_BY_IDENTIFIER.put(tx, &(kind, mark), id)?;
        OLD_ID_BY_IDENTIFIER.remove(tx, key)?;
    }
    Ok(rows.len())
}

#[cfg(test)]
mod tests {
    use chatelaine_store::Text;

    use super::*;
    use crate::accounts::identifiers::{self, Kind, NewIdentifier};
    use crate::accounts::{self, DisplayName, Email, Handle, Named, NewAccount, email_proof};
    use crate::ids::AccountId;
    use crate::outbox::{self, NewLetter};
    use crate::schema::{KEY_NUMBER, SCHEMA_NUMBER};
    use crate::testing::World;
    use crate::{Caller, Core, Dialect, Secret};

    const EMAIL: &str = "ada@example.org";
    const PASSWORD: &str = "chatterbox-magnolia-7";
    const PHONE: &str = "+8613800000000";
    const PEOPLE: usize = ROWS_PER_BATCH * 2 + 1;

    /// Ada with all that is known of her, and the tokens of her two links.
    fn live(core: &Core) -> (AccountId, [Secret<String>; 2]) {
        let email = Email::new(EMAIL).unwrap();
        let new = NewAccount {
            handle: Some(Handle::new("ada").unwrap()),
            email: Some(email.clone()),
            password: Some(PASSWORD.into()),
            ..NewAccount::named(DisplayName::new("Ada").unwrap())
        };
        let ada = accounts::register(core, &Caller::operator(), new).unwrap().id();
        let caller = Caller::account(ada, Dialect::Web);
        let phone = NewIdentifier { kind: Kind::Phone, value: PHONE.into(), shown: "+86***00".into() };
        identifiers::add(core, &caller, phone).unwrap();
        let letter = NewLetter { to: email.clone(), subject: "s".into(), text: "t".into(), html: None, life_s: 300 };
        outbox::put(core, &caller, letter).unwrap();
        let proof = email_proof::ask(core, &caller, &email, 300).unwrap();
        (ada, [proof, accounts::email_token(core, &caller).unwrap()])
    }

    /// Puts every row back to where schema 2 had it.
    fn unseal(core: &Core, ada: AccountId) {
        let hash = core.keys().identifier_hash(1, PHONE);
        let unsealed = core.store().write(move |tx| {
            ACCOUNT_BY_ID.move_to(tx, &OLD_ACCOUNT_BY_ID, usize::MAX)?;
            EMAIL_PROOF_BY_TOKEN.move_to(tx, &OLD_EMAIL_PROOF_BY_TOKEN, usize::MAX)?;
            ONE_TIME_LINK_BY_TOKEN.move_to(tx, &OLD_ONE_TIME_LINK_BY_TOKEN, usize::MAX)?;
            LETTER_BY_ID.move_to(tx, &OLD_LETTER_BY_ID, usize::MAX)?;
            ID_BY_EMAIL.remove_all(tx, &(), usize::MAX)?;
            OLD_ID_BY_EMAIL.put(tx, &Text(EMAIL.into()), &ada)?;
            let (_, row) = IDENTIFIER_BY_ACCOUNT.first(tx, &())?.unwrap();
            IDENTIFIER_BY_ACCOUNT.remove_all(tx, &(), usize::MAX)?;
            OLD_IDENTIFIER_BY_ACCOUNT.put(tx, &(ada, 1, hash), &row)?;
            ID_BY_IDENTIFIER.remove_all(tx, &(), usize::MAX)?;
            OLD_ID_BY_IDENTIFIER.put(tx, &(1, hash), &ada)?;
            KEY_NUMBER.remove(tx, &0)?;
            SCHEMA_NUMBER.put(tx, &0, &2)
        });
        unsealed.unwrap();
    }

    fn is_readable(core: &Core) -> bool {
        let (_, rows) = core.store().export(Vec::new(), b"").unwrap();
        let found = |text: &str| rows.windows(text.len()).any(|window| window == text.as_bytes());
        assert_eq!(found(EMAIL), found(&PHONE[1..]), "all of it or nothing");
        found(EMAIL)
    }

    #[test]
    fn data_of_schema_2_is_sealed_whole_also_after_a_stop_in_the_middle() {
        let world = World::new();
        let (ada, [proof, token]) = live(&world.core);
        (1..PEOPLE).for_each(|number| drop(world.account(&format!("p{number}"))));
        assert!(!is_readable(&world.core));
        unseal(&world.core, ada);
        assert!(is_readable(&world.core));
        assert_eq!(world.core.store().write(batch), Ok(true));

        let core = world.reopen();
        assert!(!is_readable(&core));
        let left = core.read(|view| {
            [
                OLD_ACCOUNT_BY_ID.count(view, &(), 9),
                OLD_ID_BY_EMAIL.count(view, &(), 9),
                OLD_IDENTIFIER_BY_ACCOUNT.count(view, &(), 9),
                OLD_ID_BY_IDENTIFIER.count(view, &(), 9),
                OLD_EMAIL_PROOF_BY_TOKEN.count(view, &(), 9),
                OLD_ONE_TIME_LINK_BY_TOKEN.count(view, &(), 9),
                OLD_LETTER_BY_ID.count(view, &(), 9),
            ]
        });
        assert_eq!(left, [const { Ok(0) }; 7]);
        assert_eq!(core.read(|view| ACCOUNT_BY_ID.count(view, &(), usize::MAX)), Ok(PEOPLE));
        let found = core.read(|view| identifiers::find(&core, view, Kind::Phone, PHONE)).unwrap();
        assert_eq!(found.map(|account| account.id), Some(ada));
        assert_eq!(outbox::due(&core, 9).unwrap()[0].1.to, EMAIL);
        let system = Caller::system();
        email_proof::confirm(&core, &system, proof.reveal()).unwrap();
        accounts::prove_email(&core, &system, &token).unwrap();
        let named = Named::Email(EMAIL.into());
        assert_eq!(accounts::sign_in(&core, &system, &named, &PASSWORD.into()).unwrap().id(), ada);
    }
}
