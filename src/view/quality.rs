use bevy::camera::{CameraMainTextureUsages, Hdr};
use bevy::ecs::system::EntityCommands;
use bevy::post_process::bloom::Bloom;
use bevy::prelude::*;
use bevy::render::render_resource::TextureUsages;
use bevy::render::renderer::RenderAdapterInfo;

use super::settings::ViewSettings;

/// How much the picture may cost, with the view's own camera. Read once, at start-up.
///
/// Where a camera of the host's draws above the view's own, its HDR and MSAA hold for both: only then can they share a picture.
#[derive(Reflect, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[reflect(Default, Debug, Clone, PartialEq, Hash)]
pub enum Quality {
    /// [`Quality::Low`] on software renderers, [`Quality::High`] on graphics cards.
    #[default]
    Auto,
    /// No multisampling, no bloom, no shadows.
    Low,
    /// Four samples a pixel, bloom, shadows.
    High,
}

/// The quality in force: never [`Quality::Auto`].
#[derive(Resource, Reflect, Clone, Copy, Debug, PartialEq, Eq)]
#[reflect(Resource, Debug, Clone, PartialEq)]
pub struct ChosenQuality(pub Quality);

impl Default for ChosenQuality {
    fn default() -> Self {
        Self(Quality::Low)
    }
}

pub(super) fn choose_quality(
    settings: Res<ViewSettings>,
    adapter: Option<Res<RenderAdapterInfo>>,
    mut chosen: ResMut<ChosenQuality>,
) {
    // Bevy does not pass on the type of `device_type`, so its name is compared.
    let software = adapter.is_none_or(|adapter| format!("{:?}", adapter.device_type) == "Cpu");
    chosen.0 = resolve(settings.quality, software);
}

fn resolve(wanted: Quality, software: bool) -> Quality {
    match (wanted, software) {
        (Quality::Auto, true) => Quality::Low,
        (Quality::Auto, false) => Quality::High,
        (chosen, _) => chosen,
    }
}

/// What two cameras must have in common to draw into one picture: Bevy gives cameras of one target that differ in any
/// of these a texture each, and the one drawn later covers the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Look {
    is_hdr: bool,
    msaa: Msaa,
    usages: TextureUsages,
}

impl Look {
    pub fn new(is_hdr: bool, msaa: &Msaa, usages: &CameraMainTextureUsages) -> Self {
        Self { is_hdr, msaa: *msaa, usages: usages.0 }
    }

    /// The look of a camera that shares its picture with none.
    pub fn of(quality: Quality) -> Self {
        let (is_hdr, msaa) = match quality {
            Quality::High => (true, Msaa::Sample4),
            Quality::Low | Quality::Auto => (false, Msaa::Off),
        };
        Self::new(is_hdr, &msaa, &CameraMainTextureUsages::default())
    }

    /// Puts the look on a camera; bloom needs HDR.
    pub fn wear(self, camera: &mut EntityCommands, quality: Quality) {
        camera.insert((self.msaa, CameraMainTextureUsages(self.usages)));
        match (self.is_hdr, quality) {
            (true, Quality::High) => camera.insert((Hdr, Bloom { intensity: 0.12, ..Bloom::NATURAL })),
            (true, Quality::Low | Quality::Auto) => camera.insert(Hdr).remove::<Bloom>(),
            (false, _) => camera.remove::<(Bloom, Hdr)>(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_renderers_get_the_low_preset_unless_told_otherwise() {
        assert_eq!(resolve(Quality::Auto, true), Quality::Low);
        assert_eq!(resolve(Quality::Auto, false), Quality::High);
        assert_eq!(resolve(Quality::High, true), Quality::High);
        assert_eq!(resolve(Quality::Low, false), Quality::Low);
    }
}
