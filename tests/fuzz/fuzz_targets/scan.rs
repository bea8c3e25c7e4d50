//! Reading any files: no panic, no endless work, every place where it is said to be.
#![no_main]

#[path = "../../it/properties.rs"]
#[allow(dead_code)]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Err(wrong) = properties::scan(&properties::files_of(input)) {
        panic!("{wrong}");
    }
});
