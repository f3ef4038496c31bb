//! The tick: what changed on the board since the last one is told to those who may know, and signs of life are stored.
//!
//! Everything that arrives between two ticks costs one frame per room at most, and a tick has a bounded number of changes,
//! so a server full of people who reconnect at once tells it gradually. Called every second by the timetable.
use chatelaine_store::{Order, Read, Topic};

use super::board::Change;
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::{Audience, What, account_topic, room_topic};
use crate::ids::AccountId;
use crate::limits::{
    LAST_SEEN_EXACT_S, LAST_SEEN_WRITE_S, PRESENCE_CHANGES_PER_TICK, PRESENCE_ROOMS_TOLD_MAX, PRESENCE_WRITES_PER_TICK,
};
use crate::schema;

/// Tells what changed and stores signs of life; says how many accounts were told of.
pub fn tick(core: &Core) -> Result<usize> {
    let board = core.board();
    let unknown = board.unknown(PRESENCE_CHANGES_PER_TICK);
    let hidden = core.read(|view| -> Result<Vec<bool>> {
        unknown.iter().map(|account| Ok(schema::PRESENCE_HIDDEN.has(view, account)?)).collect()
    })?;
    for (account, is_hidden) in unknown.iter().zip(hidden) {
        board.settle_hidden(*account, is_hidden);
    }
    let changes = board.take_changes(core.now(), PRESENCE_CHANGES_PER_TICK);
    for change in &changes {
        let topics = core.read(|view| circle(core, view, change.account))?;
        publish(core, *change, topics);
    }
    store_signs(core)?;
    Ok(changes.len())
}

fn publish(core: &Core, change: Change, nearby: Vec<Topic>) {
    let what = What::PresenceChanged { account: change.account, state: change.state };
    core.publish(Audience::default().and_nearby(nearby), what);
}

/// Who is told: the account's own connections and its rooms that are small enough. A friendship has its private room.
fn circle(core: &Core, view: &impl Read, account: AccountId) -> Result<Vec<Topic>> {
    let limit = PRESENCE_ROOMS_TOLD_MAX;
    let rooms = schema::ROOMS_BY_ACCOUNT.keys(view, &account, None, Order::Ascending, limit)?;
    let mut topics = vec![account_topic(account)];
    let rooms = rooms.into_iter().map(|(_, room)| room);
    topics.extend(rooms.filter(|room| !core.is_crowd(*room)).map(room_topic));
    Ok(topics)
}

fn store_signs(core: &Core) -> Result<()> {
    let signs = core.board().take_unstored(core.now(), LAST_SEEN_WRITE_S, PRESENCE_WRITES_PER_TICK);
    if signs.is_empty() {
        return Ok(());
    }
    core.write(&Caller::system(), move |tx| {
        for (account, at) in &signs {
            // Whoever hides leaves no trace; the account may also have been closed meanwhile.
            if !schema::PRESENCE_HIDDEN.has(tx, account)? && schema::ACCOUNT_BY_ID.has(tx, account)? {
                schema::LAST_SEEN_BY_ACCOUNT.put(tx, account, &coarse(*at))?;
            }
        }
        Ok(())
    })
}

/// The whole minute before.
fn coarse(at: Stamp) -> Stamp {
    let step = i64::try_from(LAST_SEEN_EXACT_S).unwrap_or(i64::MAX).max(1);
    Stamp::from_seconds(at.seconds().div_euclid(step).saturating_mul(step))
}
