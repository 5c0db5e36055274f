//! Faults that a long run has to bear: what each does, and what is said about it.

use std::fs;
use std::path::Path;

use bevy_proxops::episode::Speed;
use bevy_proxops::network::NetworkWeights;
use bevy_proxops::prelude::*;

use crate::terminal::UserError;

/// One fault.
pub struct Fault {
    /// What goes wrong.
    pub name: &'static str,
    /// Does it in the run's folder; what is sent to the run then, in that order.
    pub bring_about: fn(&Path) -> Result<Vec<SimCommand>, UserError>,
    /// Words of the warning or error that must come; `None` where the run may go on without a word.
    pub notice: Option<&'static str>,
}

/// Writes a file and has it loaded as a scenario.
fn scenario(work: &Path, name: &str, text: &[u8]) -> Result<Vec<SimCommand>, UserError> {
    let path = work.join(name);
    fs::write(&path, text)?;
    Ok(vec![SimCommand::LoadScenario(path)])
}

/// All of them, in the order in which they come.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a scenario file that is cut off",
        bring_about: |work| scenario(work, "half.ron", b"(name: \"half\", steps: "),
        notice: Some("half.ron:1"),
    },
    Fault {
        name: "a scenario that starts inside the target",
        bring_about: |work| scenario(work, "inside.ron", b"(start: (a_roe_m: (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))"),
        notice: Some("outside the target"),
    },
    Fault {
        name: "a scenario file of bytes that are no text",
        bring_about: |work| scenario(work, "bytes.ron", &[0xff, 0xfe, 0, 1, 2]),
        notice: Some("UTF-8"),
    },
    Fault {
        name: "a folder in the place of a scenario",
        bring_about: |work| {
            fs::create_dir_all(work.join("folder.ron"))?;
            Ok(vec![SimCommand::LoadScenario(work.join("folder.ron"))])
        },
        notice: Some("folder.ron"),
    },
    Fault {
        name: "a target file that is not there",
        bring_about: |work| scenario(work, "voxless.ron", b"(target: Vox(path: \"gone.vox\"))"),
        notice: Some("gone.vox"),
    },
    Fault {
        name: "a target file with garbage in it",
        bring_about: |work| {
            fs::write(work.join("garbage.vox"), b"VOX \x96\0\0\0MAIN\xff\xff\xff\xff")?;
            scenario(work, "garbage.ron", b"(target: Vox(path: \"garbage.vox\"))")
        },
        notice: Some("garbage.vox"),
    },
    Fault {
        name: "a weights file that is cut off",
        bring_about: |work| {
            let whole = NetworkWeights::shipped()?.to_bytes();
            fs::write(work.join("half.bin"), &whole[..whole.len() / 2])?;
            Ok(vec![SimCommand::LoadNetwork(work.join("half.bin"))])
        },
        notice: Some("half.bin"),
    },
    Fault {
        name: "a weights file that is removed once it is loaded",
        bring_about: |work| {
            let path = work.join("whole.bin");
            NetworkWeights::shipped()?.save(&path)?;
            let load = SimCommand::LoadNetwork(path.clone());
            Ok(vec![load, SimCommand::SaveNetwork(path.clone()), SimCommand::LoadNetwork(path)])
        },
        notice: None,
    },
    Fault {
        name: "a weights file that is not there any more",
        bring_about: |work| match fs::remove_file(work.join("whole.bin")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(vec![SimCommand::LoadNetwork(work.join("whole.bin"))]),
        },
        notice: Some("whole.bin"),
    },
    Fault {
        name: "a folder that cannot be written to",
        bring_about: |work| {
            // Below a file nobody can write, whatever his rights.
            fs::write(work.join("file"), b"no folder")?;
            Ok(vec![SimCommand::SaveNetwork(work.join("file").join("network.bin"))])
        },
        notice: Some("work/file"),
    },
    Fault {
        name: "numbers that are out of range",
        bring_about: |_| {
            let speed = SimCommand::SetSpeed(Speed::Rate(f64::NAN));
            Ok(vec![speed, SimCommand::SetEpisodes(u32::MAX), SimCommand::Focus(u32::MAX)])
        },
        notice: Some("4294967295"),
    },
    Fault {
        name: "a training folder that is removed in the middle of a run",
        bring_about: |work| {
            // The training may be writing into it at this moment: half of it is gone then, which is as good.
            let _ = fs::remove_dir_all(work.join("training"));
            Ok(vec![SimCommand::StartTraining])
        },
        notice: None,
    },
    Fault {
        name: "a training folder with another's file in the place of its manifest",
        bring_about: |work| {
            let training = work.join("training");
            fs::create_dir_all(&training)?;
            fs::write(training.join("manifest.json"), b"{\"format\": \"something else\"}")?;
            Ok(vec![SimCommand::PauseTraining, SimCommand::StartTraining])
        },
        notice: None,
    },
];
