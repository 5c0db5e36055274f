//! What is fuzzed, for the tests here and for the coverage-guided program in `fuzz/`.

mod checkpoints;
mod commands;
mod files;
mod numbers;
mod rays;
mod scenarios;

/// Panics where the input is neither used nor refused with a message.
pub type Check = Box<dyn Fn(&[u8]) + Send + Sync>;

/// One way by which input comes from outside.
pub struct Target {
    /// Good input, from which changed input is made.
    pub seeds: Vec<Vec<u8>>,
    pub check: Check,
}

type Named = (&'static str, fn() -> Target);

/// Every target by the name that its folders of input have. `scripts/fuzz.sh` reads the names here.
const TARGETS: [Named; 7] = [
    ("vox", files::vox),
    ("sealed", files::sealed),
    ("weights", files::weights),
    ("checkpoints", checkpoints::checkpoints),
    ("scenario", scenarios::scenario),
    ("rays", rays::rays),
    ("commands", commands::commands),
];

/// The target of this name, or the names that there are.
pub fn named(name: &str) -> Result<Target, String> {
    let names = || TARGETS.map(|(name, _)| name).join(", ");
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, target)| target()).ok_or_else(|| format!("no target '{name}'; there are {}", names()))
}
