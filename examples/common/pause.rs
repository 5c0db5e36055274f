//! A run without a user that has paused itself.

use bevy_proxops::episode::{NoticeSeverity, SimulationSnapshot, SimulationStatus};

/// Why the run has paused itself, as it does when its network fails: here nobody is there to press Play.
pub fn reason_of_pause(snapshot: &SimulationSnapshot) -> Option<String> {
    let error = snapshot.notices.iter().rev().find(|notice| notice.severity == NoticeSeverity::Error);
    let reason = || error.map_or_else(|| "the run has paused itself".to_owned(), |notice| notice.text.clone());
    (snapshot.status == SimulationStatus::Paused).then(reason)
}
