//! What is measured of a computer: kinds of components, how much each weighs, and which of them belong together.

use serde::{Deserialize, Serialize};

/// A kind of component. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// The number that the operating system gave itself when it was installed.
    MachineId,
    /// The number of the computer in its firmware.
    ProductUuid,
    /// The serial number of the computer in its firmware.
    ProductSerial,
    /// The serial number of the main board.
    BoardSerial,
    /// Maker and model of the main board.
    BoardName,
    /// Maker and model of the processor.
    Cpu,
    /// How much memory there is, in bytes.
    Memory,
    /// The serial number of a disk.
    DiskSerial,
    /// The address of a network card.
    Mac,
}

/// What is bought, copied and replaced together: two components of one class prove no more than one of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// The operating system.
    System,
    /// The firmware.
    Firmware,
    /// The main board.
    Board,
    /// The processor.
    Processor,
    /// The memory.
    Memory,
    /// Disks.
    Disk,
    /// Network cards.
    Network,
}

impl Class {
    /// Its name on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Class::System => "system",
            Class::Firmware => "firmware",
            Class::Board => "board",
            Class::Processor => "processor",
            Class::Memory => "memory",
            Class::Disk => "disk",
            Class::Network => "network",
        }
    }
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 9] = [
        Kind::MachineId,
        Kind::ProductUuid,
        Kind::ProductSerial,
        Kind::BoardSerial,
        Kind::BoardName,
        Kind::Cpu,
        Kind::Memory,
        Kind::DiskSerial,
        Kind::Mac,
    ];

    /// Its name on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::MachineId => "machine_id",
            Kind::ProductUuid => "product_uuid",
            Kind::ProductSerial => "product_serial",
            Kind::BoardSerial => "board_serial",
            Kind::BoardName => "board_name",
            Kind::Cpu => "cpu",
            Kind::Memory => "memory",
            Kind::DiskSerial => "disk_serial",
            Kind::Mac => "mac",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How much it counts, all its values together.
    pub const fn weight(self) -> u8 {
        match self {
            Kind::MachineId | Kind::ProductUuid => 20,
            Kind::BoardSerial | Kind::DiskSerial => 15,
            Kind::ProductSerial => 10,
            Kind::Cpu => 8,
            Kind::Mac => 5,
            Kind::Memory => 4,
            Kind::BoardName => 3,
        }
    }

    /// To which class it belongs.
    pub const fn class(self) -> Class {
        match self {
            Kind::MachineId => Class::System,
            Kind::ProductUuid | Kind::ProductSerial => Class::Firmware,
            Kind::BoardSerial | Kind::BoardName => Class::Board,
            Kind::Cpu => Class::Processor,
            Kind::Memory => Class::Memory,
            Kind::DiskSerial => Class::Disk,
            Kind::Mac => Class::Network,
        }
    }

    /// Whether two computers of the same model differ in it.
    pub const fn is_singular(self) -> bool {
        !matches!(self, Kind::BoardName | Kind::Cpu | Kind::Memory)
    }
}
