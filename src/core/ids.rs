//! The numbers by which things are known: one type per kind, so that a room can never be passed for an account.
//! Ids are counted from 1, never reused and stay below 2^53 (clients in JavaScript); rooms stay below 2^31.
//! What a foreign client calls an id is computed from ours in its dialect and never stored here.

use std::fmt;

use chatelaine_store::{Key, Row};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Field, Flaw};

/// The first number that no id reaches: above it JavaScript loses digits.
pub const ID_END: u64 = 1 << 53;

/// The first number that no room id reaches: some protocols know rooms by 32-bit signed numbers.
pub const ROOM_ID_END: u64 = 1 << 31;

macro_rules! id {
    ($(#[$text:meta])* $name:ident, $end:expr) => {
        $(#[$text])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number that this server allotted. Numbers from a network go through [`Self::parse`].
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The plain number, as our own API prints it.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Accepts a number from outside. Fails with `Invalid(Id, Range)` unless it could have been allotted.
            pub fn parse(number: u64) -> Result<Self, Error> {
                if number == 0 || number >= $end {
                    return Err(Error::Invalid(Field::Id, Flaw::Range));
                }
                Ok(Self(number))
            }
        }

        impl Key for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                u64::decode(bytes).map(Self)
            }
        }

        impl Row for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A person, or a service acting as one.
    AccountId, ID_END
);
id!(
    /// A letter on its way out.
    LetterId, ID_END
);
id!(
    /// One signed-in client of an account.
    LoginId, ID_END
);
id!(
    /// A private or group room.
    RoomId, ROOM_ID_END
);
id!(
    /// A role inside a room; 1 member, 2 admin and 3 owner are built in, rooms' own roles start at 4.
    RoleId, ID_END
);
id!(
    /// A role on the server; 1 is the built-in administrator.
    ServerRoleId, ID_END
);
id!(
    /// An organisation whose members are looked after by their own administrators.
    OrganisationId, ID_END
);
id!(
    /// Something that happened; one counter for all kinds, so ids order the whole server.
    EventId, ID_END
);
id!(
    /// An invitation of a person into a room, or a sign-up invitation.
    InviteId, ID_END
);
id!(
    /// A link by which a room can be joined.
    LinkId, ID_END
);
id!(
    /// A request to join a room or to become friends.
    RequestId, ID_END
);
id!(
    /// A stored file: a name and an owner over a body of bytes.
    FileId, ID_END
);
id!(
    /// A resumable upload that is under way.
    UploadId, ID_END
);
id!(
    /// A call: a place where people agree on a direct connection.
    CallId, ID_END
);
id!(
    /// A machine that a person bound to the account.
    MachineId, ID_END
);
id!(
    /// A mark against an account.
    MarkId, ID_END
);
id!(
    /// A word to those who look after machines.
    AlertId, ID_END
);
id!(
    /// A certificate of a machine.
    CertificateId, ID_END
);
id!(
    /// A key by which the server signs.
    SigningKeyId, ID_END
);
id!(
    /// A channel of readings.
    ChannelId, ID_END
);
id!(
    /// A report about a person or a message.
    ReportId, ID_END
);
id!(
    /// A row of the audit trail.
    AuditId, ID_END
);
id!(
    /// A message of the whole server to everyone.
    AnnouncementId, ID_END
);

/// A message is known by the event that sent it, so ids of messages order the whole server too.
pub type MessageId = EventId;

/// The place of a message in its room: from 1, without gaps; a recalled message keeps its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(u64);

impl Offset {
    /// Before the first message: the read mark of somebody who has read nothing.
    pub const START: Offset = Offset(0);

    /// Wraps a place; 0 is the place before the first message.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The plain number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Row for Offset {}

impl Key for Offset {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u64::decode(bytes).map(Self)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_never_allotted_is_refused() {
        assert!(AccountId::parse(0).is_err());
        assert!(AccountId::parse(ID_END).is_err());
        assert!(AccountId::parse(u64::MAX).is_err());
        assert!(RoomId::parse(ROOM_ID_END).is_err());
    }

    #[test]
    fn the_largest_number_of_each_kind_is_accepted() {
        assert_eq!(AccountId::parse(ID_END - 1).map(AccountId::get), Ok(ID_END - 1));
        assert_eq!(RoomId::parse(ROOM_ID_END - 1).map(RoomId::get), Ok(ROOM_ID_END - 1));
    }

    #[test]
    fn keys_of_ids_sort_like_their_numbers() {
        let mut small = Vec::new();
        let mut large = Vec::new();
        EventId::new(255).encode(&mut small);
        EventId::new(256).encode(&mut large);
        assert!(small < large);
        assert_eq!(EventId::decode(&mut small.as_slice()), Some(EventId::new(255)));
    }
}
