//! The packages that are published, and what the core is built without. What else they are built from is checked by
//! scripts/check-dependencies.sh.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("a test is run by Cargo");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What the core is built without, by the beginnings of names.
const ENGINES: [&str; 8] = ["bevy", "burn", "cubecl", "egui", "naga", "wgpu", "rayon", "winit"];

#[test]
fn the_core_needs_neither_engine_nor_tensor_library() {
    let tree = [
        "tree",
        "--offline",
        "--locked",
        "--package",
        "proxops_core",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
    ];
    let tree = String::from_utf8(cargo(&tree)).expect("names in UTF-8");
    assert!(tree.lines().count() > 20, "{tree}");
    for line in tree.lines() {
        assert!(!ENGINES.iter().any(|engine| line.starts_with(engine)), "the core depends on {line}");
    }
}

/// What a published package may hold besides sources.
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

/// What would be published of a package whose folder is `folder`.
fn published(package: &str, folder: &str) -> String {
    let arguments = ["package", "--list", "--allow-dirty", "--offline", "--package", package];
    let listed = String::from_utf8(cargo(&arguments)).expect("paths in UTF-8");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut total = 0;
    for path in listed.lines() {
        let first = path.split('/').next().unwrap_or_default();
        assert!(FOLDERS.contains(&first) || FILES.contains(&path), "{path} does not belong into {package}");
        // Cargo makes some of them itself.
        let bytes = std::fs::metadata(folder.join(path)).map_or(0, |found| found.len());
        assert!(bytes <= LARGEST_FILE_BYTES, "{path} has {bytes} bytes");
        total += bytes;
    }
    assert!(total <= LARGEST_PACKAGE_BYTES, "{package}: {total} bytes in all");
    listed
}

#[test]
fn the_published_packages_hold_what_they_need_and_nothing_large_or_foreign() {
    let plugin = published("bevy_proxops", "");
    assert!(plugin.lines().any(|path| path == "assets/networks/compact.bin"), "the shipped network is missing");
    let core = published("proxops_core", "crates/proxops_core");
    for needed in
        ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "assets/scenarios/reference.ron", "assets/targets/comsat.vox"]
    {
        assert!(core.lines().any(|path| path == needed), "{needed} is missing");
    }
}
