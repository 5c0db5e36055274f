use bevy::prelude::*;

use super::scale::DrawnScale;

/// The entity everything of the view hangs under, in metres. Spawn one yourself before start-up ends, or move, turn
/// or scale the one that the view spawns, to place the scene in a larger world.
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

/// The entities of the frames, set up in `PostStartup`.
#[derive(Resource, Clone, Copy, Debug)]
pub struct ViewFrames {
    /// The [`ViewRoot`].
    pub root: Entity,
    /// The [`RtnFrame`].
    pub rtn: Entity,
    /// The [`TargetFrame`].
    pub target: Entity,
}

pub(super) fn spawn_frames(mut commands: Commands, roots: Query<Entity, With<ViewRoot>>) {
    let root = roots.iter().next().unwrap_or_else(|| commands.spawn((ViewRoot, Name::new("proxops view"))).id());
    let rtn = commands
        .spawn((RtnFrame, Name::new("RTN frame"), Transform::from_rotation(bevy_from_rtn()), ChildOf(root)))
        .id();
    let target = commands.spawn((TargetFrame, Name::new("target frame"), ChildOf(rtn))).id();
    commands.insert_resource(ViewFrames { root, rtn, target });
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
