//! Coverage-guided fuzzing: libFuzzer with the targets of `tests/fuzz/`. `scripts/fuzz.sh` builds and runs it.
//!
//! One program for all targets, so that Bevy and Burn are linked once: `FUZZ_TARGET` names the one to run. With `FUZZ_SEEDS` its good
//! input is written to this folder first. libFuzzer has the entry point (`main`) and calls the functions below.
#![no_main]

use std::ffi::{c_char, c_int};
use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs, panic, process, slice};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

use mutation::{mutated, mutations, random};
use targets::Target;

#[path = "../tests/fuzz/mutation.rs"]
mod mutation;
#[path = "../tests/fuzz/targets/mod.rs"]
mod targets;

#[link(name = "fuzzer", kind = "static")]
#[link(name = "stdc++")]
unsafe extern "C" {
    fn LLVMFuzzerMutate(data: *mut u8, size: usize, most: usize) -> usize;
}

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = env::var("FUZZ_TARGET").unwrap_or_default();
    targets::named(&name).unwrap_or_else(|error| stop(&format!("FUZZ_TARGET: {error}")))
});

fn stop(reason: &str) -> ! {
    eprintln!("fuzz: {reason}");
    process::exit(2)
}

/// Called once, before any input.
#[unsafe(no_mangle)]
extern "C" fn LLVMFuzzerInitialize(_: *mut c_int, _: *mut *mut *mut c_char) -> c_int {
    LazyLock::force(&TARGET);
    if let Some(folder) = env::var_os("FUZZ_SEEDS")
        && let Err(error) = write_seeds(Path::new(&folder))
    {
        stop(&format!("FUZZ_SEEDS: {}: {error}", Path::new(&folder).display()));
    }

    // A panic on any thread is a finding, also where the run would outlive it.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        report(panic);
        process::abort();
    }));
    0
}

fn write_seeds(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut seeds = TARGET.seeds.iter().enumerate();
    seeds.try_for_each(|(number, seed)| fs::write(folder.join(format!("seed-{number:02}")), seed))
}

/// Called with each input.
///
/// # Safety
/// There are `size` bytes at `data`.
#[unsafe(no_mangle)]
unsafe extern "C" fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> c_int {
    // SAFETY: libFuzzer passes what the function asks for; without a byte the place may be null.
    let input = if size == 0 { &[] } else { unsafe { slice::from_raw_parts(data, size) } };
    (TARGET.check)(input);
    0
}

/// Changes `size` bytes at `data` and returns how many there are then. Of four changes one is ours, which knows of numbers in texts.
///
/// # Safety
/// There are `most` bytes at `data`, and `size` is at most that.
#[unsafe(no_mangle)]
unsafe extern "C" fn LLVMFuzzerCustomMutator(data: *mut u8, size: usize, most: usize, seed: u32) -> usize {
    if !seed.is_multiple_of(4) {
        // SAFETY: libFuzzer's own function, with what it has passed.
        return unsafe { LLVMFuzzerMutate(data, size, most) };
    }
    // SAFETY: libFuzzer passes what the function asks for.
    let room = unsafe { slice::from_raw_parts_mut(data, most) };
    let mut runner = TestRunner::new_with_rng(Config::default(), random(seed.into()));
    let changes = mutations().new_tree(&mut runner).expect("no value is left out").current();
    let changed = mutated(&room[..size], &changes);
    let length = changed.len().min(most);
    room[..length].copy_from_slice(&changed[..length]);
    length
}
