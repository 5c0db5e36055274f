use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;

use super::hud::Hud;
use super::own_camera::OwnCamera;
use super::scale::DrawnScale;
use super::settings::ViewSettings;
use crate::episode::LatestEpisode;

/// The entity everything of the view hangs under, in metres; the view's own camera alone stands beside it.
///
/// - Spawn one yourself, or move, turn or scale the one that the view spawns, to place the scene in a larger world. A
///   host's root takes the place of the view's at any time.
/// - Hide it, and nothing of the view is drawn.
/// - Give it `RenderLayers`, and everything of the view has them, the own camera too. What a host has put under an
///   episode's entity keeps its own.
/// - Despawn it, and everything of the view goes with it. While
///   [`ViewSettings::spawn_root`](super::ViewSettings) is on the view comes back at once; else with the next root.
#[derive(Component, Reflect, Clone, Copy, Debug, Default)]
#[reflect(Component, Default, Clone)]
#[require(Transform, Visibility)]
pub struct ViewRoot;

/// Child of [`ViewRoot`] whose own axes are the chief's R, T and N, in metres and at true scale; the origin is the target's centre.
#[derive(Component, Reflect, Clone, Copy, Debug, Default)]
#[reflect(Component, Default, Clone)]
#[require(Transform, Visibility)]
pub struct RtnFrame;

/// Child of [`RtnFrame`] that is scaled by [`DrawnScale::target`]: belief, truth, axes and the grid's outline live here.
#[derive(Component, Reflect, Clone, Copy, Debug, Default)]
#[reflect(Component, Default, Clone)]
#[require(Transform, Visibility)]
pub struct TargetFrame;

/// Turns R, T, N into Bevy's axes: R (away from Earth) is up +Y, T (along the flight) is right +X and
/// N (orbit normal) is −Z, into the picture. Both frames are right-handed.
pub fn bevy_from_rtn() -> Quat {
    Quat::from_mat3(&Mat3::from_cols(Vec3::Y, Vec3::X, Vec3::NEG_Z))
}

/// The entities of the frames, set up in `PostStartup` and whenever there is another root; not there without a root.
#[derive(Resource, Clone, Copy, Debug)]
pub struct ViewFrames {
    /// The [`ViewRoot`].
    pub root: Entity,
    /// The [`RtnFrame`].
    pub rtn: Entity,
    /// The [`TargetFrame`].
    pub target: Entity,
}

/// The root that the view brought.
#[derive(Component)]
pub(super) struct OwnRoot;

/// A child of the root that is made again with the frames.
#[derive(Component)]
pub(super) struct FrameFurniture;

/// Sets the frames up under the root, and again where the host has taken root or frames away, or has a root of its own now.
#[allow(clippy::type_complexity, reason = "a query says what it reads")]
pub(super) fn keep_frames(
    mut commands: Commands,
    settings: Res<ViewSettings>,
    frames: Option<Res<ViewFrames>>,
    roots: Query<(Entity, Has<OwnRoot>), With<ViewRoot>>,
    parts: Query<(), Or<(With<RtnFrame>, With<TargetFrame>)>>,
    furniture: Query<Entity, With<FrameFurniture>>,
) {
    let hosts_root = roots.iter().find(|(_, is_own)| !is_own).map(|(root, _)| root);
    let own_root = roots.iter().find(|(_, is_own)| *is_own).map(|(root, _)| root);
    let is_whole = |frames: &ViewFrames| {
        let is_wanted = hosts_root.is_none() || own_root != Some(frames.root);
        is_wanted && roots.contains(frames.root) && parts.contains(frames.rtn) && parts.contains(frames.target)
    };
    if frames.as_deref().is_some_and(is_whole) {
        return;
    }

    // What is left of the old ones.
    if let Some(frames) = frames {
        commands.remove_resource::<ViewFrames>();
        let rtn = Some(frames.rtn).filter(|rtn| parts.contains(*rtn));
        furniture.iter().chain(rtn).for_each(|entity| commands.entity(entity).try_despawn());
    }
    let own_root = own_root.filter(|root| match hosts_root {
        Some(_) => {
            commands.entity(*root).try_despawn();
            false
        }
        None => true,
    });

    let mut spawn_root = || commands.spawn((ViewRoot, OwnRoot, Name::new("proxops view"))).id();
    let Some(root) = hosts_root.or(own_root).or_else(|| settings.spawn_root.then(&mut spawn_root)) else { return };
    let rtn = commands
        .spawn((RtnFrame, Name::new("RTN frame"), Transform::from_rotation(bevy_from_rtn()), ChildOf(root)))
        .id();
    let target = commands.spawn((TargetFrame, Name::new("target frame"), ChildOf(rtn))).id();
    commands.insert_resource(ViewFrames { root, rtn, target });
}

/// Gives everything of the view the root's render layers. Drawn lines know no visibility: under a hidden root they are in no layer.
#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn share_layers(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    visibilities: Query<(&Visibility, Option<&ChildOf>), Without<Hud>>,
    layers: Query<&RenderLayers>,
    lines: Query<(), With<Gizmo>>,
    own_cameras: Query<Entity, With<OwnCamera>>,
    children: Query<&Children>,
    episodes: Query<(), With<LatestEpisode>>,
    mut has_shared: Local<bool>,
) {
    let (shared, hides) = (layers.get(frames.root).ok(), !is_shown(frames.root, &visibilities));
    let shares = shared.is_some() || hides;
    if !std::mem::replace(&mut *has_shared, shares) && !shares {
        return;
    }
    let none = RenderLayers::none();
    let below_cameras = own_cameras.iter().flat_map(|camera| children.iter_descendants(camera));
    let of_view = drawn_below(frames.root, &children, &episodes);
    for entity in of_view.into_iter().chain(own_cameras.iter()).chain(below_cameras) {
        let wanted = if hides && lines.contains(entity) { Some(&none) } else { shared };
        match wanted {
            Some(wanted) if layers.get(entity).ok() != Some(wanted) => {
                commands.entity(entity).insert(wanted.clone());
            }
            None if layers.contains(entity) => {
                commands.entity(entity).remove::<RenderLayers>();
            }
            _ => {}
        }
    }
}

/// Everything of the view below the root. What hangs under an episode is the host's.
fn drawn_below(root: Entity, children: &Query<&Children>, episodes: &Query<(), With<LatestEpisode>>) -> Vec<Entity> {
    let mut drawn = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        let of_view = children.get(parent).into_iter().flatten().filter(|child| !episodes.contains(**child));
        of_view.for_each(|child| {
            drawn.push(*child);
            parents.push(*child);
        });
    }
    drawn
}

/// Whether the root is shown: its own visibility, or that of the host's entity it hangs under.
pub(super) fn is_shown(root: Entity, visibilities: &Query<(&Visibility, Option<&ChildOf>), Without<Hud>>) -> bool {
    let mut entity = root;
    while let Ok((visibility, child_of)) = visibilities.get(entity) {
        match (visibility, child_of) {
            (Visibility::Hidden, _) => return false,
            (Visibility::Inherited, Some(child_of)) => entity = child_of.parent(),
            (Visibility::Visible, _) | (Visibility::Inherited, None) => break,
        }
    }
    true
}

pub(super) fn scale_target(scale: Res<DrawnScale>, mut targets: Query<&mut Transform, With<TargetFrame>>) {
    for mut transform in &mut targets {
        transform.scale = Vec3::splat(scale.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtn_maps_to_up_right_and_into_the_picture_without_mirroring() {
        let rotation = bevy_from_rtn();
        for (rtn, bevy) in [(Vec3::X, Vec3::Y), (Vec3::Y, Vec3::X), (Vec3::Z, Vec3::NEG_Z)] {
            assert!((rotation * rtn).abs_diff_eq(bevy, 1e-6), "{rtn} became {}", rotation * rtn);
        }
        let (r, t, n) = (rotation * Vec3::X, rotation * Vec3::Y, rotation * Vec3::Z);
        assert!(r.cross(t).abs_diff_eq(n, 1e-6));
    }
}
