//! Runs a target over changed seeds, and keeps the input at which it fails.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::mutation::{mutated, mutations};

/// Calls `check` with each seed, with what once went wrong, and with `cases` changed seeds (with `FUZZ_SECONDS`: as many as there is
/// time for). A panic of `check` fails the test; the shortest input found that causes it is written to a file that the message names.
pub fn fuzz(target: &str, seeds: &[Vec<u8>], cases: u32, check: impl Fn(&[u8])) {
    seeds.iter().for_each(|seed| check(seed));
    regressions(target).iter().for_each(|(path, input)| {
        println!("{}", path.display());
        check(input);
    });

    let time = number("FUZZ_SECONDS").map(Duration::from_secs_f64);
    let mut round = number("FUZZ_SEED").unwrap_or(0.0) as u64;
    let (begun, mut inputs) = (Instant::now(), 0);
    loop {
        let config = Config { cases, failure_persistence: None, max_shrink_iters: 4000, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, random(round));
        let outcome = runner.run(&(0..seeds.len(), mutations()), |(seed, mutations)| {
            let input = mutated(&seeds[seed], &mutations);
            // An input that ends the whole process is found here.
            if time.is_some() {
                let _ = fs::write(kept(target, "running"), &input);
            }
            check(&input);
            Ok(())
        });
        match outcome {
            Ok(()) => {}
            Err(TestError::Fail(reason, (seed, mutations))) => {
                let path = kept(target, "failed");
                fs::write(&path, mutated(&seeds[seed], &mutations))
                    .expect("the folder of temporary files can be written to");
                panic!("{target}, round {round}: {reason}; the input is in {}", path.display());
            }
            Err(TestError::Abort(reason)) => panic!("{target}: {reason}"),
        }
        inputs += u64::from(cases);
        round += 1;
        if time.is_none_or(|time| begun.elapsed() >= time) {
            break;
        }
    }
    println!("{target}: {inputs} inputs in {:.1} s, next round {round}", begun.elapsed().as_secs_f64());
}

fn number(variable: &str) -> Option<f64> {
    env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// The same numbers in the same round on every machine.
fn random(round: u64) -> TestRng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&round.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}

fn kept(target: &str, what: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}-{what}"))
}

fn regressions(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/regressions").join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).expect("a file of the repository"))).collect()
}

/// A file of the repository.
pub fn shipped(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file of the repository")
}

/// A reader of numbers out of bytes; zeros where there are no more.
pub struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    /// Any number at all, not finite ones included.
    pub fn float(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        let (now, later) = self.0.split_at(N.min(self.0.len()));
        taken[..now.len()].copy_from_slice(now);
        self.0 = later;
        taken
    }
}
