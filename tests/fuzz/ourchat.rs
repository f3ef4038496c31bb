//! The fuzzer of the ourchat dialect: libFuzzer makes the inputs, guided by the code that they reach; see `make fuzz`.
#![no_main]

use std::cell::RefCell;

use chatelaine_fuzz::Target;
use libfuzzer_sys::fuzz_target;

/// Inputs after which everything begins anew, so that what was stored does not pile up.
const LIFE: u32 = 5_000;

thread_local! {
    static TARGET: RefCell<(Option<Target>, u32)> = const { RefCell::new((None, 0)) };
}

fuzz_target!(|input: &[u8]| {
    TARGET.with_borrow_mut(|(target, runs)| {
        if *runs % LIFE == 0 {
            // The old one goes before the new one comes.
            *target = None;
        }
        *runs = runs.wrapping_add(1);
        if !target.get_or_insert_with(Target::new).feed(input) {
            *target = None;
        }
    });
});
