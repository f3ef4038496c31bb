//! Which shape the stored data has, and how an older one becomes the present one. The schema number is the first thing read
//! and its own form never changes. Data of a newer server is refused: running on would lose what this one cannot see.
//! Steps run in order, each in bounded transactions that can be repeated; a step that was cut off begins again.

mod m0002_failures_by_name;
mod m0003_sealed_people;
mod m0004_audit_chain;
mod m0005_slots;
mod m0006_found_machines;

use std::fmt;

use chatelaine_store::{Fault, Read, Row, Store};
use serde::{Deserialize, Serialize};

use crate::Tx;
use crate::clock::Stamp;
use crate::error::Error;
use crate::event::Live;
use crate::ids::ID_END;
use crate::schema::{KEY_NUMBER, SCHEMA_NUMBER, SERVER_FACTS};
use crate::sealing::SealKey;
use crate::secrets;

/// The shape that this code reads and writes.
pub const SCHEMA: u32 = 6;

/// What is known about the server as a whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Who this server is; never changes, also through export and import.
    pub server_id: [u8; 16],
    /// Changes when the data was brought in from elsewhere, so that clients throw away what they remember. Below 2^53.
    pub epoch: u64,
    /// When the data was first made.
    pub created_at: Stamp,
    /// The secret from which the keys of tokens are derived.
    pub(crate) master: [u8; 32],
}

impl Row for ServerFacts {}

impl fmt::Debug for ServerFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerFacts")
            .field("epoch", &self.epoch)
            .field("created_at", &self.created_at)
            .field("master", &"***")
            .finish_non_exhaustive()
    }
}

/// Why the data cannot be used; the text is advice for the operator.
#[derive(Debug)]
pub enum OpenError {
    /// A newer server wrote it.
    Newer {
        /// The shape found.
        found: u32,
    },
    /// It is sealed with another key.
    OtherKey,
    /// A row that every start needs cannot be read, or the store fails.
    Store(Fault),
    /// As above, found by the domain.
    Domain(Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Newer { found } => write!(
                f,
                "the data was written by a newer chatelaine (schema {found}, this one knows up to {SCHEMA}); start that version again, or restore a backup made by this one"
            ),
            OpenError::OtherKey => f.write_str(
                "the store is sealed with another server.key than the one here; put the server.key of this data folder back (an export of these data holds it, unless it was made without)",
            ),
            OpenError::Store(fault) => write!(f, "the store cannot be used: {fault}"),
            OpenError::Domain(error) => write!(f, "the store cannot be used: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        OpenError::Store(fault)
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        OpenError::Domain(error)
    }
}

/// One change of the stored shape.
struct Step {
    /// The shape it leads to; it starts from the one before.
    to: u32,
    /// What it does, for the log.
    text: &'static str,
    /// Rewrites one bounded batch; says whether more is left.
    batch: fn(&mut Tx<'_>) -> Result<bool, Fault>,
}

/// Every step, in order. The first shape needs none: it is made from nothing. Each later change adds a file
/// `mNNNN_what.rs` with a frozen copy of the old row, and a line here.
const STEPS: &[Step] = &[
    Step { to: 2, text: "wrong passwords are counted by name", batch: m0002_failures_by_name::batch },
    Step { to: 3, text: "what is personal is sealed", batch: m0003_sealed_people::batch },
    Step { to: 4, text: "the rows of the audit trail are chained", batch: m0004_audit_chain::batch },
    Step { to: 5, text: "machines that are bound hold slots", batch: m0005_slots::batch },
    Step { to: 6, text: "machines and their checks can be looked up", batch: m0006_found_machines::batch },
];

/// Brings the data to the present shape and gives the facts of the server; a new store gets its own. From then on the store is
/// bound to this key and no other opens it.
pub fn run(store: &Store<Live>, key: &SealKey, now: Stamp) -> Result<ServerFacts, OpenError> {
    found(store, SCHEMA)?;
    bind(store, key.number())?;
    store.seal_with(key.sealer());
    upgrade(store, STEPS, SCHEMA)?;
    let fresh = ServerFacts {
        server_id: *uuid::Uuid::from_bytes(secrets::random_bytes()).as_bytes(),
        epoch: random_epoch(),
        created_at: now,
        master: secrets::random_bytes(),
    };
    store.write(move |tx| {
        if let Some(facts) = SERVER_FACTS.get(tx, &0)? {
            return Ok(facts);
        }
        SERVER_FACTS.put(tx, &0, &fresh)?;
        Ok::<_, OpenError>(fresh.clone())
    })
}

/// Gives the data a new epoch; to be called once after an import or a restore. Logins stay valid.
pub fn renew_epoch(store: &Store<Live>) -> Result<u64, OpenError> {
    let epoch = random_epoch();
    store.write(move |tx| {
        if let Some(mut facts) = SERVER_FACTS.get(tx, &0)? {
            facts.epoch = epoch;
            SERVER_FACTS.put(tx, &0, &facts)?;
        }
        Ok::<_, OpenError>(epoch)
    })
}

/// The shape of the stored data; none when there is none yet.
pub fn schema_of(r: &impl Read) -> Result<Option<u32>, Fault> {
    SCHEMA_NUMBER.get(r, &0)
}

/// The number of the key that the stored data is bound to; none while nothing in it is sealed.
pub fn key_number(r: &impl Read) -> Result<Option<u64>, Fault> {
    KEY_NUMBER.get(r, &0)
}

/// Binds the store to a key before the first row is sealed with it. A store that is bound already is only read: it opens also on
/// a full disk.
fn bind(store: &Store<Live>, number: u64) -> Result<(), OpenError> {
    match store.read(|view| key_number(view))? {
        Some(bound) if bound == number => Ok(()),
        Some(_) => Err(OpenError::OtherKey),
        None => store.write(move |tx| Ok(KEY_NUMBER.put(tx, &0, &number)?)),
    }
}

/// The shape of the data, unless a newer server made it.
fn found(store: &Store<Live>, newest: u32) -> Result<Option<u32>, OpenError> {
    match store.read(|view| schema_of(view))? {
        Some(found) if found > newest => Err(OpenError::Newer { found }),
        found => Ok(found),
    }
}

fn upgrade(store: &Store<Live>, steps: &'static [Step], newest: u32) -> Result<(), OpenError> {
    let Some(found) = found(store, newest)? else {
        return store.write(move |tx| Ok(SCHEMA_NUMBER.put(tx, &0, &newest)?));
    };
    for step in steps.iter().filter(|step| step.to > found) {
        tracing::info!(schema = step.to, "upgrading the data to schema {}: {}", step.to, step.text);
        while store.write(move |tx| Ok::<_, OpenError>((step.batch)(tx)?))? {}
        store.write(move |tx| Ok::<_, OpenError>(SCHEMA_NUMBER.put(tx, &0, &step.to)?))?;
    }
    Ok(())
}

/// Clients in JavaScript compare epochs, so they stay within its numbers.
fn random_epoch() -> u64 {
    secrets::random_u64().checked_rem(ID_END).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::seal_key;
    use chatelaine_store::{Options, Order, Text, Tree};

    /// Shape 1 of a made-up tree held a count; shape 2 holds it as text.
    const OLD: Tree<Text, u64> = Tree::new(0x7f01, "old");
    const NEW: Tree<Text, String> = Tree::new(0x7f02, "new");

    fn rewrite(tx: &mut Tx<'_>) -> Result<bool, Fault> {
        let rows = OLD.list(tx, &(), None, Order::Ascending, 2)?;
        for (key, count) in &rows {
            NEW.put(tx, key, &count.to_string())?;
            OLD.remove(tx, key)?;
        }
        Ok(rows.len() == 2)
    }

    const TEST_STEPS: &[Step] = &[Step { to: 2, text: "counts become texts", batch: rewrite }];

    fn store() -> Store<Live> {
        Store::open(Options::default()).unwrap()
    }

    fn with_old_data() -> Store<Live> {
        let store = store();
        store
            .write(|tx| {
                SCHEMA_NUMBER.put(tx, &0, &1)?;
                for n in 0..5_u64 {
                    OLD.put(tx, &Text(format!("row {n}")), &n)?;
                }
                Ok::<_, Fault>(())
            })
            .unwrap();
        store
    }

    #[test]
    fn older_data_is_rewritten_in_batches_and_marked() {
        let store = with_old_data();
        upgrade(&store, TEST_STEPS, 2).unwrap();
        store.read(|view| {
            assert_eq!(schema_of(view), Ok(Some(2)));
            assert_eq!(OLD.first(view, &()), Ok(None));
            let rows = NEW.list(view, &(), None, Order::Ascending, 10).unwrap();
            let texts: Vec<_> = rows.into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts, ["0", "1", "2", "3", "4"]);
        });
    }

    #[test]
    fn an_upgrade_that_was_cut_off_goes_on_where_it_was() {
        let store = with_old_data();
        store.write(rewrite).unwrap();
        assert_eq!(store.read(|view| schema_of(view)), Ok(Some(1)));
        upgrade(&store, TEST_STEPS, 2).unwrap();
        let rows = store.read(|view| NEW.list(view, &(), None, Order::Ascending, 10));
        assert_eq!(rows.unwrap().len(), 5);
    }

    #[test]
    fn counts_of_wrong_passwords_by_account_go() {
        use crate::accounts::Failures;
        use crate::ids::AccountId;
        use crate::schema::FAILURES_BY_ACCOUNT;
        let store = store();
        let old = store.write(|tx| {
            SCHEMA_NUMBER.put(tx, &0, &1)?;
            FAILURES_BY_ACCOUNT.put(tx, &AccountId::new(7), &Failures { count: 3, since: Stamp::ZERO })
        });
        old.unwrap();
        run(&store, &seal_key(), Stamp::ZERO).unwrap();
        assert_eq!(store.read(|view| schema_of(view)), Ok(Some(SCHEMA)));
        assert_eq!(store.read(|view| FAILURES_BY_ACCOUNT.first(view, &())), Ok(None));
    }

    #[test]
    fn newer_data_is_refused_with_advice_and_left_alone() {
        let store = store();
        store.write(|tx| SCHEMA_NUMBER.put(tx, &0, &(SCHEMA + 1))).unwrap();
        let refused = run(&store, &seal_key(), Stamp::ZERO).unwrap_err();
        assert!(refused.to_string().contains("newer chatelaine"), "{refused}");
        store.read(|view| {
            assert_eq!(schema_of(view), Ok(Some(SCHEMA + 1)));
            assert!(!SERVER_FACTS.has(view, &0).unwrap() && !KEY_NUMBER.has(view, &0).unwrap());
        });
    }

    #[test]
    fn a_store_is_bound_to_its_first_key_and_refuses_another_with_advice() {
        let store = store();
        assert_eq!(store.read(|view| key_number(view)), Ok(None));
        run(&store, &seal_key(), Stamp::ZERO).unwrap();
        let refused = run(&store, &SealKey::generate(), Stamp::ZERO).unwrap_err();
        assert!(refused.to_string().contains("put the server.key of this data folder back"), "{refused}");
        assert_eq!(store.read(|view| key_number(view)), Ok(Some(seal_key().number())));
        run(&store, &seal_key(), Stamp::ZERO).unwrap();
    }

    #[test]
    fn a_server_stays_who_it_is_and_an_import_changes_only_the_epoch() {
        let store = store();
        let first = run(&store, &seal_key(), Stamp::ZERO).unwrap();
        assert_eq!(run(&store, &seal_key(), Stamp::from_seconds(9)).unwrap(), first);
        let epoch = renew_epoch(&store).unwrap();
        let after = run(&store, &seal_key(), Stamp::ZERO).unwrap();
        assert_ne!(after.epoch, first.epoch);
        assert!(after.epoch == epoch && epoch < ID_END);
        assert_eq!(after.server_id, first.server_id);
        assert!(!format!("{after:?}").contains("server_id"));
    }
}
