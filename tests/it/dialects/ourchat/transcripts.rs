//! The transcripts of all stories.

use std::time::Duration;

use chatelaine_ourchat::Options;

use super::script::play;
use crate::world::World;

/// One test a story, named like its file.
macro_rules! stories {
    ($($name:ident: $change:expr),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $name() {
                let change: fn(&mut Options) = $change;
                let world = World::with_ourchat(|_, options| change(options));
                play(&world, stringify!($name), include_str!(concat!("stories/", stringify!($name), ".txt"))).await;
            }
        )*
    };
}

stories! {
    arriving: |_| {},
    verifying: |options| options.require_email_verification = true,
    late: |options| options.verify_email_expiry = Duration::from_millis(20),
    people: |_| {},
    sessions: |_| {},
    powers: |_| {},
    messages: |_| {},
    files: |options| options.user_files_limit = 40,
    keys: |_| {},
    calls: |_| {},
}
