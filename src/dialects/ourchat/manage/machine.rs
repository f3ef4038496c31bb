//! How busy the machine under the server is. The load is that since the last look, so one is kept open.

use std::sync::{Mutex, PoisonError};

use sysinfo::System;

/// The machine, as it was last looked at.
pub(crate) struct Machine(Option<Mutex<System>>);

/// How much of it is in use, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// Of the time of all cores.
    pub(crate) cpu: f64,
    /// Of the memory.
    pub(crate) memory: f64,
}

impl Machine {
    /// Begins to watch. A system that tells nothing is never in use.
    pub(crate) fn new() -> Machine {
        let system = System::new().map(|mut system| {
            system.refresh_cpu_usage();
            Mutex::new(system)
        });
        Machine(system.ok())
    }

    /// Looks. Reads a few small files of the system.
    pub(crate) fn look(&self) -> Usage {
        let Some(system) = &self.0 else { return Usage { cpu: 0.0, memory: 0.0 } };
        let mut system = system.lock().unwrap_or_else(PoisonError::into_inner);
        system.refresh_cpu_usage();
        system.refresh_memory();
        let (all, free) = (system.total_memory(), system.available_memory());
        let memory = if all == 0 { 0.0 } else { all.saturating_sub(free) as f64 * 100.0 / all as f64 };
        Usage { cpu: f64::from(system.global_cpu_usage()).clamp(0.0, 100.0), memory }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_a_part_of_what_is_there() {
        let usage = Machine::new().look();
        assert!((0.0..=100.0).contains(&usage.cpu), "{usage:?}");
        assert!(usage.memory > 0.0 && usage.memory <= 100.0, "{usage:?}");
    }
}
