//! Maintenance: who may send people away while something is repaired. Whether it is on is the dialects' own matter, for each
//! has its own words for it and none of it is stored; here is the right to it, and the note of who used it.

use crate::Core;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::error::{Error, Limit, Result};
use crate::server_roles::{self, ServerPermission};

/// What is wished for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Maintenance begins.
    Begin,
    /// It ends.
    End,
    /// Nothing changes; only the right is asked for.
    Stay,
}

/// Passes for who may change it, and notes the deed. Needs the permission to modify the configuration.
pub fn allow(core: &Core, caller: &Caller, wish: Wish) -> Result<()> {
    core.read(|view| server_roles::require(view, caller, ServerPermission::ModifyConfiguration))?;
    let detail = match wish {
        Wish::Begin => "began",
        Wish::End => "ended",
        Wish::Stay => return Ok(()),
    };
    let (now, who) = (core.now(), caller.clone());
    let noted = core.write(caller, move |tx| {
        server_roles::require(tx, &who, ServerPermission::ModifyConfiguration)?;
        audit::record(tx, now, &who, Verb::MaintenanceChanged, "maintenance", detail)
    });
    match noted {
        // A full disk is a reason for maintenance, not one against it.
        Err(Error::OverLimit(Limit::Disk)) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ask;
    use crate::caller::Dialect;
    use crate::error::Right;
    use crate::testing::World;

    #[test]
    fn who_may_change_settings_may_begin_maintenance_and_is_on_record() {
        let world = World::new();
        let chief = Caller::account(world.administrator("chief").id, Dialect::Ourchat);
        for wish in [Wish::Begin, Wish::Stay, Wish::End] {
            allow(&world.core, &chief, wish).unwrap();
        }
        let trail = audit::list(&world.core, &chief, Ask::default()).unwrap();
        let told: Vec<_> = trail.items.iter().map(|row| (row.verb, row.detail.as_str())).collect();
        assert_eq!(told, [(Verb::MaintenanceChanged, "ended"), (Verb::MaintenanceChanged, "began")]);
        let denied = Err(Error::Denied(Right::Server(ServerPermission::ModifyConfiguration)));
        assert_eq!(allow(&world.core, &world.person("ada"), Wish::Stay), denied);
    }
}
