//! What the crate is built from: licences, sources and versions of all dependencies, and the files that are published.
//!
//! Asked of Cargo itself, offline, so that the check needs no further tool. It does not know of security advisories: these are looked
//! up in a database on the network (`cargo deny check advisories`).
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// Licences under which a dependency may be used here; each lets a program under MIT or Apache-2.0 be built from it.
const LICENCES: [(&str, &str); 16] = [
    ("MIT", "ours"),
    ("Apache-2.0", "ours"),
    ("Apache-2.0 WITH LLVM-exception", "as Apache-2.0, with fewer duties"),
    ("MIT-0", "as MIT, without its notice"),
    ("0BSD", "without any duty"),
    ("Zlib", "a notice in sources"),
    ("BSD-2-Clause", "a notice"),
    ("BSD-3-Clause", "a notice"),
    ("ISC", "a notice"),
    ("BSL-1.0", "a notice in sources: Boost, of xxhash-rust"),
    ("Unlicense", "public domain"),
    ("CC0-1.0", "public domain: hexf-parse, tiny-keccak, constant_time_eq"),
    ("Unicode-3.0", "a notice: Unicode's tables"),
    ("MPL-2.0", "changes to its own files are published, and none are made: colored, option-ext"),
    ("CDLA-Permissive-2.0", "for data: the root certificates of webpki-roots"),
    ("OFL-1.1 AND Ubuntu-font-1.0", "for fonts, which may be bundled: epaint_default_fonts"),
];

/// Crates whose types pass between Bevy, egui, Burn and us, or that hold a device: two versions would not fit together.
const ONE_VERSION: [&str; 14] = [
    "bevy",
    "bevy_ecs",
    "bevy_egui",
    "bevy_math",
    "burn",
    "burn-wgpu",
    "cubecl",
    "egui",
    "egui_plot",
    "glam",
    "naga",
    "wgpu",
    "wgpu-core",
    "wgpu-hal",
];

/// Crates that are there more than once, and why that is borne.
const SEVERAL_VERSIONS: [(&str, &[&str]); 8] = [
    (
        "random numbers: ours is that of Bevy and Burn (0.10); the older ones are those of Burn's file formats, and share no type with it",
        &["rand", "rand_chacha", "rand_core", "rand_distr", "getrandom"],
    ),
    (
        "Burn's formats and devices (tch, candle, tokenizers, spm_precompiled), which are resolved and never built here",
        &["base64", "ndarray", "nom", "safetensors", "zip", "constant_time_eq", "pastey", "webpki-roots"],
    ),
    (
        "procedural macros, which no program contains",
        &["darling", "darling_core", "darling_macro", "syn", "prettyplease", "convert_case"],
    ),
    (
        "fonts: Bevy's text and egui's, each with its own",
        &["font-types", "harfrust", "read-fonts", "skrifa", "guillotiere"],
    ),
    ("errors: nvml-wrapper and calloop have not moved on", &["thiserror", "thiserror-impl"]),
    (
        "hash tables, sets and iterators within single crates",
        &["bit-set", "bit-vec", "foldhash", "hashbrown", "itertools", "rustc-hash"],
    ),
    ("the window library of the examples (winit) has not moved on", &["rustix", "linux-raw-sys", "libloading"]),
    (
        "one each below an image format, a shader compiler, a test library or a build script",
        &["codespan-reporting", "cpufeatures", "miniz_oxide", "quick-error", "shlex"],
    ),
];

/// Where every dependency comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

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

/// Every package that a build on this platform may contain, without our own.
fn packages() -> Vec<Package> {
    let platform = ["--filter-platform", "x86_64-unknown-linux-gnu"];
    let arguments = [&["metadata", "--format-version", "1", "--offline", "--locked"][..], &platform].concat();
    let Metadata { mut packages, workspace_members } =
        serde_json::from_slice(&cargo(&arguments)).expect("Cargo's own format");
    packages.retain(|package| !workspace_members.contains(&package.id));
    packages
}

/// Whether a licence expression can be met by [`LICENCES`].
fn is_accepted(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    alternatives(expression.trim()).iter().any(|alternative| {
        LICENCES.iter().any(|(licence, _)| licence == alternative)
            || (alternative.starts_with('(') && alternative.ends_with(')') && !alternative[1..].contains('('))
                && is_accepted(&alternative[1..alternative.len() - 1])
            || {
                let parts = split(alternative, " AND ");
                parts.len() > 1
                    && (0..parts.len()).any(|cut| {
                        let (first, last) = (parts[..=cut].join(" AND "), parts[cut + 1..].join(" AND "));
                        !last.is_empty() && is_accepted(&first) && is_accepted(&last)
                    })
            }
    })
}

fn alternatives(expression: &str) -> Vec<String> {
    split(expression, " OR ")
}

/// Splits at a word that stands outside all brackets.
fn split(expression: &str, word: &str) -> Vec<String> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, _) in expression.match_indices(word) {
        let before = &expression[..at];
        if before.matches('(').count() == before.matches(')').count() {
            parts.push(expression[from..at].trim().to_owned());
            from = at + word.len();
        }
    }
    parts.push(expression[from..].trim().to_owned());
    parts
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    for accepted in [
        "MIT",
        "MIT/Apache-2.0",
        "Apache-2.0 OR GPL-2.0-only",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "(MIT OR Apache-2.0) AND OFL-1.1 AND Ubuntu-font-1.0",
        "Zlib AND (MIT OR Apache-2.0)",
        "CC0-1.0 OR Apache-2.0 OR Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_accepted(accepted), "{accepted}");
    }
    for refused in ["GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR AGPL-3.0) AND MIT", "OFL-1.1", ""] {
        assert!(!is_accepted(refused), "{refused}");
    }
}

#[test]
fn every_dependency_has_an_accepted_licence_and_comes_from_the_registry() {
    let packages = packages();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    for Package { name, version, license, source, .. } in &packages {
        let licence = license.as_deref().unwrap_or_default();
        assert!(is_accepted(licence), "{name} {version}: licence '{licence}' is not among those accepted");
        assert_eq!(source.as_deref(), Some(REGISTRY), "{name} {version}");
    }
}

#[test]
fn only_crates_that_share_no_types_are_there_more_than_once() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().insert(package.version);
    }
    for name in ONE_VERSION {
        assert_eq!(versions.get(name).map(BTreeSet::len), Some(1), "{name}: {:?}", versions.get(name));
    }
    let explained: BTreeSet<&str> = SEVERAL_VERSIONS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        assert!(
            explained.contains(name.as_str()),
            "{name} is there more than once: {versions:?}; say why, or unify it"
        );
    }
    for name in explained {
        let count = versions.get(name).map_or(0, BTreeSet::len);
        assert!(count > 1, "{name} is no longer there more than once: take it off the list");
    }
}

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
    let listed =
        String::from_utf8(cargo(&["package", "--list", "--allow-dirty", "--offline"])).expect("paths in UTF-8");
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
