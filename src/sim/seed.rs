//! Randomness that depends on nothing but the world's seed and the name of the thing it decides.
//!
//! There is no generator that is drawn from in turn: each draw is a hash of the seed and a path of labels. So
//! what a driver asks, and in which order, never changes how long some pod takes to start.

use sha2::{Digest, Sha256};

/// A seed, or a branch of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    pub const fn new(seed: u64) -> Seed {
        Seed(mix(seed ^ 0x6b65_7973_6c6f_7421))
    }

    /// The branch for a name.
    pub fn of(self, label: &str) -> Seed {
        // FNV-1a, 64 bits.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Seed(mix(self.0 ^ hash))
    }

    /// The branch for a number.
    pub fn at(self, number: u64) -> Seed {
        Seed(mix(self.0.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(1)))
    }

    /// A number below `bound`; zero for a bound of zero.
    pub fn below(self, bound: u64) -> u64 {
        ((u128::from(mix(self.0)) * u128::from(bound)) >> 64) as u64
    }

    /// Sixty-four bits.
    pub fn bits(self) -> u64 {
        mix(self.0)
    }

    /// True in `per_mille` of a thousand cases.
    pub fn chance(self, per_mille: u16) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// `length` bytes that look random, good enough to stand for key material in a simulated world.
    pub fn bytes(self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 32);
        let mut block = 0_u64;
        while bytes.len() < length {
            let mut hash = Sha256::new();
            hash.update(self.0.to_le_bytes());
            hash.update(block.to_le_bytes());
            bytes.extend_from_slice(&hash.finalize());
            block += 1;
        }
        bytes.truncate(length);
        bytes
    }

    /// `length` letters of the alphabet that Kubernetes uses for generated names.
    pub fn suffix(self, length: usize) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length as u64)
            .filter_map(|place| ALPHABET.get(self.at(place).below(ALPHABET.len() as u64) as usize))
            .map(|byte| char::from(*byte))
            .collect()
    }

    /// A UUID (version 4 in form).
    pub fn uuid(self) -> String {
        let high = self.at(0).bits();
        let low = self.at(1).bits();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}

/// The finaliser of SplitMix64.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_name_and_on_nothing_drawn_before() {
        let seed = Seed::new(7);
        let first = seed.of("pod").at(3).bits();
        let _ = seed.of("other").bits();
        assert_eq!(first, seed.of("pod").at(3).bits());
        assert_ne!(first, seed.of("pod").at(4).bits());
        assert_ne!(first, Seed::new(8).of("pod").at(3).bits());
    }

    #[test]
    fn draws_spread_over_the_whole_range() {
        let seed = Seed::new(1);
        let mut seen = [0_u32; 10];
        for number in 0..10_000 {
            seen[seed.at(number).below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
    }
}
