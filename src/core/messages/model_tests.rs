//! Random sequences of operations against a model of a few lines: places, unread counts and membership must always agree.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::Caller;
use crate::error::{Error, Reason};
use crate::ids::{Offset, RoomId};
use crate::messages::{NewMessage, Where, history, mark_read, recall, send};
use crate::roles::Parting;
use crate::rooms::testing::group;
use crate::rooms::{self, Joining, Left};
use crate::testing::World;

const PEOPLE: usize = 3;

/// What a person does in the one room there is.
#[derive(Clone, Debug)]
enum Deed {
    Join(usize),
    Leave(usize),
    Send(usize, Option<u8>),
    Read(usize, u64),
    Recall(usize, u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..PEOPLE;
    prop_oneof![
        1 => who.clone().prop_map(Deed::Join),
        1 => who.clone().prop_map(Deed::Leave),
        4 => (who.clone(), prop::option::of(0..4_u8)).prop_map(|(who, key)| Deed::Send(who, key)),
        2 => (who.clone(), 0..12_u64).prop_map(|(who, offset)| Deed::Read(who, offset)),
        1 => (who, 0..12_u64).prop_map(|(who, offset)| Deed::Recall(who, offset)),
    ]
}

/// What must be true, kept in the plainest way.
#[derive(Default)]
struct Model {
    /// Who is in, and up to where each has read.
    read: BTreeMap<usize, u64>,
    /// The sender of each message, in order.
    log: Vec<usize>,
    /// Which messages were taken back.
    recalled: BTreeSet<u64>,
    /// Where each key was used first.
    keys: BTreeMap<u8, u64>,
}

impl Model {
    fn last(&self) -> u64 {
        self.log.len() as u64
    }
}

struct Scene {
    world: World,
    people: Vec<Caller>,
    room: RoomId,
    model: Model,
}

impl Scene {
    /// A keeper who never acts holds the room open, so that the three may come and go.
    fn new() -> Self {
        let world = World::new();
        let room = group(&world, &[&world.person("keeper")]);
        let people = (0..PEOPLE).map(|n| world.person(&format!("p{n}"))).collect();
        Scene { world, people, room, model: Model::default() }
    }

    fn run(&mut self, deed: &Deed) {
        let core = &self.world.core;
        let (room, model) = (self.room, &mut self.model);
        let outside = Error::Refused(Reason::NotAMember);
        match *deed {
            Deed::Join(who) => {
                let answer = rooms::join(core, &self.people[who], room, String::new());
                assert_eq!(answer == Ok(Joining::Joined), !model.read.contains_key(&who));
                let last = model.last();
                model.read.entry(who).or_insert(last);
            }
            Deed::Leave(who) => {
                let answer = rooms::leave(core, &self.people[who], room, Parting::KeepAnOwner);
                let expected = if model.read.remove(&who).is_some() { Ok(Left::Left) } else { Err(outside) };
                assert_eq!(answer, expected);
            }
            Deed::Send(who, key) => {
                let client_key = key.map(|key| [key; 16]);
                let new = NewMessage { client_key, ..NewMessage::text(room, "text") };
                let answer = send(core, &self.people[who], new).map(|sent| sent.message.offset.get());
                let last = model.last();
                let Some(read) = model.read.get_mut(&who) else { return assert_eq!(answer, Err(outside)) };
                if let Some(first) = key.and_then(|key| model.keys.get(&key)) {
                    return assert_eq!(answer, Ok(*first));
                }
                assert_eq!(answer, Ok(last + 1));
                if *read == last {
                    *read = last + 1;
                }
                model.log.push(who);
                model.keys.extend(key.map(|key| (key, last + 1)));
            }
            Deed::Read(who, offset) => {
                let answer = mark_read(core, &self.people[who], room, Offset::new(offset));
                let last = model.last();
                match model.read.get_mut(&who) {
                    Some(read) => *read = (*read).max(offset.min(last)),
                    None => assert_eq!(answer, Err(outside)),
                }
            }
            Deed::Recall(who, offset) => {
                let done = recall(core, &self.people[who], room, Offset::new(offset)).is_ok();
                let sender = offset.checked_sub(1).and_then(|place| model.log.get(place as usize));
                let may = model.read.contains_key(&who) && sender == Some(&who) && !model.recalled.contains(&offset);
                assert_eq!(done, may);
                if may {
                    model.recalled.insert(offset);
                }
            }
        }
    }

    fn check(&self) {
        for (who, person) in self.people.iter().enumerate() {
            let Ok(mine) = rooms::get_mine(&self.world.core, person, self.room) else {
                assert!(!self.model.read.contains_key(&who));
                continue;
            };
            assert_eq!(mine.me.read_offset.get(), self.model.read[&who]);
            assert_eq!(mine.unread, self.model.last() - self.model.read[&who]);
            assert_eq!(mine.room.members_count as usize, self.model.read.len() + 1);
            let log = history(&self.world.core, person, self.room, Where::After(Offset::START), 200).unwrap();
            let senders: Vec<_> = log.items.iter().map(|message| Some(message.sender)).collect();
            let expected: Vec<_> = self.model.log.iter().map(|who| self.people[*who].account_id()).collect();
            assert_eq!(senders, expected);
            let recalled = log.items.iter().filter(|message| message.recalled.is_some());
            assert!(recalled.map(|message| message.offset.get()).eq(self.model.recalled.iter().copied()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_deeds_agrees_with_the_model(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut scene = Scene::new();
        for deed in &deeds {
            scene.run(deed);
            scene.check();
        }
    }
}
