//! Says in the terminal when a parameter of the running episodes has changed, whoever changed it.

use bevy::prelude::*;
use bevy_proxops::episode::{EpisodeSettings, LatestSnapshot, PARAMETERS};

/// Adds the log.
pub fn plugin(app: &mut App) {
    app.add_systems(Update, log_changes.run_if(resource_exists_and_changed::<LatestSnapshot>));
}

fn log_changes(latest: Res<LatestSnapshot>, mut previous: Local<Option<EpisodeSettings>>) {
    let snapshot = &latest.0;
    if snapshot.frame == 0 {
        return;
    }
    let settings = &snapshot.settings;
    if let Some(previous) = previous.as_ref().filter(|previous| **previous != **settings) {
        for spec in PARAMETERS {
            let (old, new) = ((spec.get)(previous), (spec.get)(settings));
            if old != new {
                let step = snapshot.focused().map_or(0, |episode| episode.step);
                info!(
                    "{} changed from {old} to {new} after step {step}, takes effect: {}",
                    spec.id,
                    spec.applies.label()
                );
            }
        }
    } else if previous.is_some() {
        return;
    }
    *previous = Some(EpisodeSettings::clone(settings));
}
