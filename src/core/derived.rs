//! What a part of the program makes of the settings, like the options of a dialect: made anew when the settings are others than
//! last time, and kept in between.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::Core;
use crate::settings::Settings;

/// Makes a value of the settings and of the value before.
type Make<T> = Box<dyn Fn(&Settings, &T) -> T + Send + Sync>;

/// A value that follows the settings.
pub struct Derived<T> {
    /// The value, and from which settings it came.
    known: RwLock<(Arc<Settings>, Arc<T>)>,
    /// How it follows from the settings; without it, it stays as it is.
    make: OnceLock<Make<T>>,
}

impl<T> Derived<T> {
    /// A value that was made of the present settings.
    pub fn new(core: &Core, value: T) -> Self {
        Self { known: RwLock::new((core.settings(), Arc::new(value))), make: OnceLock::new() }
    }

    /// From now on the value follows the settings in this way. Only the first call counts.
    pub fn follow(&self, make: impl Fn(&Settings, &T) -> T + Send + Sync + 'static) {
        let _first = self.make.set(Box::new(make));
    }

    /// The value in force; a snapshot that later changes do not touch.
    pub fn get(&self, core: &Core) -> Arc<T> {
        let settings = core.settings();
        let (since, known) = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        match self.make.get() {
            Some(make) if !Arc::ptr_eq(&since, &settings) => {
                let value = Arc::new(make(&settings, &known));
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = (settings, Arc::clone(&value));
                value
            }
            Some(_) | None => known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caller;
    use crate::settings;
    use crate::testing::World;

    #[test]
    fn a_value_is_made_anew_once_when_the_settings_change_and_knows_the_one_before() {
        let world = World::with_run_time(settings::tests::run_time());
        let derived = Derived::new(&world.core, 1);
        let change = |name: &str| settings::set(&world.core, &Caller::operator(), "server.name", name).unwrap();
        change("one");
        assert_eq!(*derived.get(&world.core), 1, "nothing is followed yet");
        derived.follow(|_, before| before + 1);
        derived.follow(|_, _| 99);
        assert_eq!(*derived.get(&world.core), 2);
        assert_eq!(*derived.get(&world.core), 2);
        change("two");
        assert_eq!((*derived.get(&world.core), *derived.get(&world.core)), (3, 3));
    }
}
