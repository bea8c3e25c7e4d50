//! Flipping any files: refused, or exactly what is listed; again nothing; and back to every byte.
#![no_main]

#[path = "../../it/properties.rs"]
#[allow(dead_code)]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Err(wrong) = properties::flip(&properties::files_of(input)) {
        panic!("{wrong}");
    }
});
