//! The files that are published. What the crate is built from is checked by scripts/check-dependencies.sh.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

/// What the published package may hold besides sources.
const FOLDERS: [&str; 5] = ["assets", "benches", "examples", "src", "tests"];
/// Files beside the folders.
const FILES: [&str; 9] = [
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "rustfmt.toml",
];
/// The shipped network has 2.6 MB and is the largest.
const LARGEST_FILE_BYTES: u64 = 3_000_000;
/// The registry takes 10 MB when packed.
const LARGEST_PACKAGE_BYTES: u64 = 10_000_000;

#[test]
fn the_published_package_holds_what_it_needs_and_nothing_large_or_foreign() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("a test is run by Cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("paths in UTF-8");
    let mut total = 0;
    for path in listed.lines() {
        let first = path.split('/').next().unwrap_or_default();
        assert!(FOLDERS.contains(&first) || FILES.contains(&path), "{path} does not belong into the package");
        // Cargo makes some of them itself.
        let bytes = std::fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).map_or(0, |found| found.len());
        assert!(bytes <= LARGEST_FILE_BYTES, "{path} has {bytes} bytes");
        total += bytes;
    }
    assert!(total <= LARGEST_PACKAGE_BYTES, "{total} bytes in all");
    assert!(listed.lines().any(|path| path == "assets/networks/compact.bin"), "the shipped network is missing");
}
