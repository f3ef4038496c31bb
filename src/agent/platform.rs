//! What differs between operating systems: where the state lies, how the program is told to stop, who started it, and what of the
//! hardware no crate reads everywhere. Everything else of the agent is the same on all of them.

pub use parts::{disks, is_hardware, root_alone_reads};
pub use process::{folder, stopped};

/// The name of the folder, where the platform has folders for such things.
const FOLDER: &str = "chatelaine-machine";

#[cfg(unix)]
mod process {
    use std::path::{Path, PathBuf};

    use etcetera::BaseStrategy;
    use tokio::signal::unix::{SignalKind, signal};

    /// Where the state lies: `/var/lib` for root, else the user's own folder for such things.
    pub fn folder() -> Option<PathBuf> {
        if rustix::process::geteuid().is_root() {
            return Some(Path::new("/var/lib").join(super::FOLDER));
        }
        let base = etcetera::base_strategy::choose_native_strategy().ok()?;
        Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join(super::FOLDER))
    }

    /// Somebody says stop: a signal, or the keys of a terminal.
    pub async fn stopped() {
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
        let _asked = tokio::signal::ctrl_c().await;
    }
}

#[cfg(windows)]
mod process {
    use std::path::PathBuf;

    use etcetera::BaseStrategy;

    /// Where the state lies. What signs in a computer must not wander to another one with the user, so this is the folder that stays.
    pub fn folder() -> Option<PathBuf> {
        let base = etcetera::base_strategy::choose_native_strategy().ok()?;
        Some(base.cache_dir().join(super::FOLDER))
    }

    /// Somebody says stop by the keys of a terminal.
    pub async fn stopped() {
        let _asked = tokio::signal::ctrl_c().await;
    }
}

#[cfg(target_os = "linux")]
mod parts {
    use std::collections::BTreeSet;
    use std::ffi::OsStr;
    use std::path::Path;

    /// Whether a network card is built in or plugged in, not made up by software.
    pub fn is_hardware(card: &OsStr) -> bool {
        Path::new("/sys/class/net").join(card).join("device").exists()
    }

    /// Whether what the firmware tells is in a file of this name that is there for root alone.
    pub fn root_alone_reads(file: &str) -> bool {
        !file.is_empty() && Path::new("/sys/devices/virtual/dmi/id").join(file).exists()
    }

    /// Serial numbers of the disks that are built in.
    pub fn disks() -> BTreeSet<String> {
        let Ok(disks) = std::fs::read_dir("/sys/block") else { return BTreeSet::new() };
        disks.flatten().filter_map(|disk| serial(&disk.path())).collect()
    }

    fn serial(disk: &Path) -> Option<String> {
        let text = |file: &str| std::fs::read_to_string(disk.join(file)).ok().map(|text| text.trim().to_owned());
        // Made up by software, like loop devices: they stand on no hardware.
        let is_built_in = disk.join("device").exists() && text("removable").is_some_and(|flag| flag == "0");
        let serial = || ["serial", "device/serial", "device/wwid", "wwid"].into_iter().find_map(text);
        is_built_in.then(serial).flatten().filter(|serial| !serial.is_empty())
    }
}

#[cfg(not(target_os = "linux"))]
mod parts {
    use std::collections::BTreeSet;
    use std::ffi::OsStr;

    /// It is not told which network cards are hardware.
    pub fn is_hardware(_: &OsStr) -> bool {
        true
    }

    /// Nothing lies in files.
    pub fn root_alone_reads(_: &str) -> bool {
        false
    }

    /// Serial numbers that were given to the volumes of built-in disks.
    #[cfg(windows)]
    pub fn disks() -> BTreeSet<String> {
        let disks = sysinfo::Disks::new_with_refreshed_list();
        let disks = disks.iter().flat_map(|disks| disks.iter()).filter(|disk| !disk.is_removable());
        disks.filter_map(sysinfo::Disk::id).map(|id| format!("{id:08X}")).collect()
    }

    /// They are not read.
    #[cfg(not(windows))]
    pub fn disks() -> BTreeSet<String> {
        BTreeSet::new()
    }
}

/// What systemd hears, where it started us.
#[cfg(target_os = "linux")]
pub mod service {
    use std::time::Duration;

    use sd_notify::NotifyState;

    fn tell(state: NotifyState<'_>) {
        // Nobody else minds.
        let _told = sd_notify::notify(&[state]);
    }

    /// It runs; gives how often it has to say so, if it has to.
    pub fn begin() -> Option<Duration> {
        tell(NotifyState::Ready);
        sd_notify::watchdog_enabled().map(|within| within / 3)
    }

    /// It still runs.
    pub fn alive() {
        tell(NotifyState::Watchdog);
    }

    /// It ends.
    pub fn ending() {
        tell(NotifyState::Stopping);
    }
}

/// Nobody listens.
#[cfg(not(target_os = "linux"))]
pub mod service {
    use std::time::Duration;

    /// It runs; nobody wants to hear that again.
    pub fn begin() -> Option<Duration> {
        None
    }

    /// It still runs.
    pub fn alive() {}

    /// It ends.
    pub fn ending() {}
}
