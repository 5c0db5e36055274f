use bevy::camera::Hdr;
use bevy::ecs::system::EntityCommands;
use bevy::post_process::bloom::Bloom;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;

use super::settings::ViewSettings;

/// How much the picture may cost. Read once, when the view's own camera is made.
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

pub(super) fn apply_quality(camera: &mut EntityCommands, quality: Quality) {
    match quality {
        Quality::High => camera.insert((Msaa::Sample4, Hdr, Bloom { intensity: 0.12, ..Bloom::NATURAL })),
        Quality::Low | Quality::Auto => camera.insert(Msaa::Off),
    };
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
