//! The episodes as entities of the app's world: one for each parallel episode, kept like the latest snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::change_detection::{DetectChanges, DetectChangesMut, Res};
use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::name::Name;
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::system::{Commands, Local, Query};
use bevy::reflect::Reflect;
use glam::DVec3;

use crate::episode::components::Episode;
use crate::episode::snapshot::{EpisodeSnapshot, EpisodeStatus, LatestSnapshot};

/// How far an episode has come, on its entity in the app's world.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeProgress {
    /// Steps flown.
    pub step: u32,
    /// Steps it will have flown at its end.
    pub steps: u32,
    /// What it is doing.
    pub status: EpisodeStatus,
}

/// Where an episode's servicer is, on its entity in the app's world. Its camera looks at the target's centre.
///
/// It jumps from step to step. With the view the entity's `Transform` moves smoothly in between.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq)]
#[reflect(Component, Debug, Clone, PartialEq)]
pub struct ServicerPose {
    /// Time since the episode's start, s.
    pub time_s: f64,
    /// Position relative to the target's centre, m in R, T, N.
    pub position_rtn_m: DVec3,
}

impl ServicerPose {
    /// Direction the camera looks in, R, T, N; zero in the target's centre.
    pub fn boresight_rtn(&self) -> DVec3 {
        -self.position_rtn_m.normalize_or_zero()
    }
}

/// Everything about an episode, its belief included, on its entity in the app's world. Cheap to clone and to keep.
#[derive(Component, Clone, Debug)]
pub struct LatestEpisode(pub Arc<EpisodeSnapshot>);

/// The episode in focus: the one that view and panel show.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Debug, Clone, PartialEq)]
pub struct FocusedEpisode;

impl EpisodeSnapshot {
    fn episode(&self) -> Episode {
        Episode { number: self.number, slot: self.slot }
    }

    fn progress(&self) -> EpisodeProgress {
        EpisodeProgress { step: self.step, steps: self.steps, status: self.status }
    }

    fn servicer_pose(&self) -> ServicerPose {
        self.states.last().map_or_else(ServicerPose::default, |last| ServicerPose {
            time_s: last.time_s,
            position_rtn_m: last.position_rtn_m,
        })
    }
}

/// Keeps one entity for each parallel episode. An episode that follows another takes over its entity, and with it what the
/// host has put there; an entity that the host has despawned comes back.
pub(super) fn mirror_episodes(
    mut commands: Commands,
    latest: Res<LatestSnapshot>,
    mut entities: Local<BTreeMap<u32, Entity>>,
    mut mirrors: Query<(
        &mut Episode,
        &mut EpisodeProgress,
        &mut ServicerPose,
        &mut LatestEpisode,
        Option<&FocusedEpisode>,
    )>,
) {
    let before = entities.len();
    entities.retain(|_, entity| mirrors.contains(*entity));
    if before == entities.len() && !latest.is_changed() {
        return;
    }

    let focused = latest.0.focused().map(|episode| episode.slot);
    for snapshot in &latest.0.episodes {
        let (episode, is_focused) = (snapshot.episode(), focused == Some(snapshot.slot));
        let (progress, pose) = (snapshot.progress(), snapshot.servicer_pose());
        let Some(entity) = entities.get(&episode.slot).copied() else {
            let name = Name::new(format!("inspection episode, slot {}", episode.slot));
            let mut mirror = commands.spawn((name, episode, progress, pose, LatestEpisode(snapshot.clone())));
            if is_focused {
                mirror.insert(FocusedEpisode);
            }
            entities.insert(episode.slot, mirror.id());
            continue;
        };
        let Ok((mut mirrored, mut shown_progress, mut shown_pose, mut shown, focus)) = mirrors.get_mut(entity) else {
            continue;
        };
        mirrored.set_if_neq(episode);
        shown_progress.set_if_neq(progress);
        shown_pose.set_if_neq(pose);
        if !Arc::ptr_eq(&shown.0, snapshot) {
            shown.0 = snapshot.clone();
        }
        match (focus.is_some(), is_focused) {
            (false, true) => drop(commands.entity(entity).insert(FocusedEpisode)),
            (true, false) => drop(commands.entity(entity).remove::<FocusedEpisode>()),
            _ => {}
        }
    }

    let is_flown = |slot: u32| latest.0.episodes.iter().any(|episode| episode.slot == slot);
    if entities.len() > latest.0.episodes.len() {
        entities.retain(|slot, entity| {
            let stays = is_flown(*slot);
            if !stays {
                commands.entity(*entity).try_despawn();
            }
            stays
        });
    }
}
