//! The program `chatelaine-machine`: the agent without the server, for computers that are only bound to one.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Tests make components up by this; no shipped binary has it.
    #[cfg(feature = "failpoints")]
    let _armed = fail::FailScenario::setup();
    chatelaine_agent::main()
}
