//! Runs a target over kept input and changed seeds.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::test_runner::{Config, TestError, TestRunner};

use crate::mutation::{mutated, mutations, random};
use crate::targets::named;

/// Calls the check of the target with each seed, with all input kept in the repository, and with so many changed seeds. A panic of the check
/// fails the test; the shortest changed seed found that causes it is written to a file that the message names.
pub fn fuzz(name: &str, cases: u32) {
    let target = named(name).expect("a target of this name");
    target.seeds.iter().for_each(|seed| (target.check)(seed));
    for folder in ["fuzz/corpus", "tests/fuzz/regressions"] {
        for (path, input) in kept(folder, name) {
            println!("{}", path.display());
            (target.check)(&input);
        }
    }

    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, random(0));
    let outcome = runner.run(&(0..target.seeds.len(), mutations()), |(seed, mutations)| {
        (target.check)(&mutated(&target.seeds[seed], &mutations));
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (seed, mutations))) => {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}-failed"));
            fs::write(&path, mutated(&target.seeds[seed], &mutations))
                .expect("the folder of temporary files can be written to");
            panic!("{name}: {reason}; the input is in {}", path.display());
        }
        Err(TestError::Abort(reason)) => panic!("{name}: {reason}"),
    }
}

/// The files of the repository with input for this target; none in a published package.
fn kept(folder: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).expect("a file of the repository"))).collect()
}
