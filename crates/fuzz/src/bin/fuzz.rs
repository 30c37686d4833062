//! One target under libFuzzer: `LITROCKET_TARGET=frames fuzz FOLDER -max_total_time=1200`.

#![no_main]

use std::sync::OnceLock;

use litrocket_fuzz::Target;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("LITROCKET_TARGET").unwrap_or_default();
        litrocket_fuzz::target(&name).unwrap_or_else(|| panic!("LITROCKET_TARGET={name:?} is no target"))
    });
    (target.run)(bytes);
});
