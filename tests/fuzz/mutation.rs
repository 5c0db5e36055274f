//! Changes to good input.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// One change; places are shares of the input's length.
#[derive(Clone, Debug)]
pub enum Mutation {
    FlipBit(f64, u8),
    SetByte(f64, u8),
    /// Four bytes in either order of bytes.
    SetWord(f64, u32, bool),
    Remove(f64, usize),
    Repeat(f64, usize, usize),
    Insert(f64, Vec<u8>),
    Truncate(f64),
    /// The number or word of a text at this place is replaced.
    SetToken(f64, &'static str),
}

/// Numbers at which arithmetic goes wrong.
const WORDS: [u32; 10] = [0, 1, 0x7f, 0xff, 0x100, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
/// What a text may hold in the place of a number.
const TOKENS: [&str; 20] = [
    "0",
    "-0.0",
    "1",
    "-1",
    "2",
    "8",
    "64",
    "65",
    "1e-320",
    "1e308",
    "-1e308",
    "NaN",
    "inf",
    "-inf",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "\"\"",
    "()",
    "Some(1)",
];

pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let place = || 0.0..1.0_f64;
    let mutation = prop_oneof![
        3 => (place(), 0..8_u8).prop_map(|(at, bit)| Mutation::FlipBit(at, bit)),
        2 => (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::SetByte(at, byte)),
        3 => (place(), proptest::sample::select(&WORDS[..]), any::<bool>()).prop_map(|(at, word, big)| Mutation::SetWord(at, word, big)),
        2 => (place(), 1..64_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        1 => (place(), 1..64_usize, 1..32_usize).prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        1 => (place(), vec(any::<u8>(), 1..16)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        1 => place().prop_map(Mutation::Truncate),
        6 => (place(), proptest::sample::select(&TOKENS[..])).prop_map(|(at, token)| Mutation::SetToken(at, token)),
    ];
    vec(mutation, 0..8)
}

/// The same numbers for the same seed on every machine.
pub fn random(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// The seed with all the changes, one after the other.
pub fn mutated(seed: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    mutations.iter().for_each(|mutation| apply(&mut bytes, mutation));
    bytes
}

fn apply(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let index = |at: f64| (at * bytes.len() as f64) as usize;
    match mutation {
        Mutation::FlipBit(at, bit) => {
            let index = index(*at);
            bytes.get_mut(index).into_iter().for_each(|byte| *byte ^= 1 << bit);
        }
        Mutation::SetByte(at, value) => {
            let index = index(*at);
            bytes.get_mut(index).into_iter().for_each(|byte| *byte = *value);
        }
        Mutation::SetWord(at, word, is_big) => {
            let index = index(*at);
            let word = if *is_big { word.to_be_bytes() } else { word.to_le_bytes() };
            bytes.iter_mut().skip(index).zip(word).for_each(|(byte, new)| *byte = new);
        }
        Mutation::Remove(at, length) => {
            let from = index(*at);
            bytes.drain(from..(from + length).min(bytes.len()));
        }
        Mutation::Repeat(at, length, times) => {
            let from = index(*at);
            let piece = bytes[from..(from + length).min(bytes.len())].repeat(*times);
            bytes.splice(from..from, piece);
        }
        Mutation::Insert(at, new) => {
            let at = index(*at);
            bytes.splice(at..at, new.iter().copied());
        }
        Mutation::Truncate(at) => bytes.truncate(index(*at)),
        Mutation::SetToken(at, token) => {
            let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.\"".contains(byte);
            let from = index(*at);
            let Some(skipped) = bytes[from..].iter().position(is_inside) else { return };
            let start = from + skipped;
            let length = bytes[start..].iter().take_while(|byte| is_inside(byte)).count();
            bytes.splice(start..start + length, token.bytes());
        }
    }
}
