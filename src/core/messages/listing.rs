//! Which messages of a room are newer than an event, found in the log itself. A message's number is that of its event and
//! rises with its place, so the log is its own index of these events and a send writes no other.

use chatelaine_store::{Order, Read};

use crate::error::Result;
use crate::ids::{EventId, Offset, RoomId};
use crate::schema::{LOG_BY_ROOM, MESSAGE_BY_PLACE};

/// Numbers of the messages after the given event, in order, at most `limit`.
pub(crate) fn ids_after(r: &impl Read, room: RoomId, after: EventId, limit: usize) -> Result<Vec<EventId>> {
    let Some(log) = LOG_BY_ROOM.get(r, &room)? else { return Ok(Vec::new()) };
    let Some(before) = last_up_to(r, room, log.last_offset, after)? else { return Ok(Vec::new()) };
    let rows = MESSAGE_BY_PLACE.list(r, &room, Some(&(room, before)), Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|(_, row)| row.id).collect())
}

/// The last place whose message is not newer than the event; none when nothing newer stands behind it. Looks from the end in
/// growing steps, since who asks is mostly a few messages behind.
fn last_up_to(r: &impl Read, room: RoomId, last: Offset, after: EventId) -> Result<Option<Offset>> {
    let is_newer = |place: u64| -> Result<bool> {
        Ok(MESSAGE_BY_PLACE.get(r, &(room, Offset::new(place)))?.is_some_and(|row| row.id > after))
    };
    // Everything at `high` and behind it is newer; nothing up to `low` is.
    let (mut low, mut high) = (0, last.get());
    if high == 0 || !is_newer(high)? {
        return Ok(None);
    }
    let mut step = 1;
    while let Some(place) = high.checked_sub(step).filter(|place| *place > 0) {
        if !is_newer(place)? {
            low = place;
            break;
        }
        high = place;
        step *= 2;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_newer(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(Some(Offset::new(low)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caller;
    use crate::messages::{NewMessage, send};
    use crate::rooms::testing::group;
    use crate::schema::EVENTS_BY_ROOM;
    use crate::testing::World;
    use crate::{event_log, messages, push};

    #[test]
    fn the_log_lists_its_messages_after_any_event() {
        let world = World::new();
        let ann = world.person("ann");
        let (room, other) = (group(&world, &[&ann]), group(&world, &[&ann]));
        let mut sent = Vec::new();
        for number in 0..40_u64 {
            let said = |room| send(&world.core, &ann, NewMessage::text(room, "x".to_owned())).unwrap().message;
            sent.push(said(room).id);
            // Events of other rooms and kinds stand between them, in runs of different lengths.
            (0..number % 5).for_each(|_| drop(said(other)));
        }
        let head = push::head(&world.core).get();
        world.core.read(|view| {
            for after in (0..=head + 1).map(EventId::new) {
                let newer: Vec<EventId> = sent.iter().copied().filter(|id| *id > after).collect();
                assert_eq!(ids_after(view, room, after, 100), Ok(newer.clone()), "{after}");
                assert_eq!(ids_after(view, room, after, 3).unwrap(), newer[..newer.len().min(3)], "{after}");
            }
            assert_eq!(ids_after(view, RoomId::new(999), EventId::new(0), 9), Ok(Vec::new()));
        });
    }

    #[test]
    fn a_send_writes_no_index_row_and_a_replay_has_its_event_all_the_same() {
        let world = World::new();
        let ann = world.person("ann");
        let room = group(&world, &[&ann]);
        let rows = |world: &World| world.core.read(|view| EVENTS_BY_ROOM.count(view, &room, 100)).unwrap();
        let before = rows(&world);
        let sent = send(&world.core, &ann, NewMessage::text(room, "x".to_owned())).unwrap().message;
        assert_eq!(rows(&world), before);
        messages::recall(&world.core, &ann, room, sent.offset).unwrap();
        assert_eq!(rows(&world), before + 1, "a recall is listed");
        let ids = world.core.read(|view| event_log::ids_of_room(view, room, EventId::new(0), 100)).unwrap();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids.iter().filter(|id| **id == sent.id).count(), 1);
        assert_eq!(ids.len(), before + 2);
    }

    #[test]
    fn rows_that_older_servers_listed_come_out_once() {
        let world = World::new();
        let ann = world.person("ann");
        let room = group(&world, &[&ann]);
        let sent = send(&world.core, &ann, NewMessage::text(room, "x".to_owned())).unwrap().message;
        let id = sent.id;
        world.core.write(&Caller::system(), move |tx| Ok(EVENTS_BY_ROOM.put(tx, &(room, id), &())?)).unwrap();
        let ids = world.core.read(|view| event_log::ids_of_room(view, room, EventId::new(0), 100)).unwrap();
        assert_eq!(ids.iter().filter(|found| **found == id).count(), 1);
    }
}
