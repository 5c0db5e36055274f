use bevy::app::{PluginGroup, PluginGroupBuilder};

use crate::episode::{EpisodePlugin, EpisodeSettings};

/// Everything: episodes that run on their own thread, the 3D view and the panel.
///
/// | part | feature | does | leave it out |
/// |---|---|---|---|
/// | [`EpisodePlugin`] | always | runs the episodes; [`LatestSnapshot`](crate::episode::LatestSnapshot) out, [`SimCommand`](crate::episode::SimCommand) in | no: the others show what it runs |
/// | `ViewPlugin` | `view` | voxels, trajectories, candidate burns, camera | `.build().disable::<ViewPlugin>()` |
/// | `PanelPlugin` | `panel` | parameters, run control, plots (adds `EguiPlugin` unless it is there) | `.build().disable::<PanelPlugin>()` |
///
/// View and panel do nothing in an app that cannot render. An app with its own `EguiPlugin` adds it before this group.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_proxops::prelude::*;
///
/// App::new().add_plugins((DefaultPlugins, ProxOpsPlugins::default())).run();
/// ```
///
/// Keys steer run, view and panel while these have the focus (`view::KeyFocus`). A host rebinds any of them in the resource
/// `view::KeyBindings`, and switches all of them off at once here or later with the resource `view::DefaultKeys`:
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_proxops::prelude::*;
///
/// let inspection = ProxOpsPlugins { default_keys: false, ..default() };
/// App::new().add_plugins((DefaultPlugins, inspection)).run();
/// ```
#[derive(Clone, Debug)]
pub struct ProxOpsPlugins {
    /// The episodes: what to run, and what the host adds to their world.
    pub episodes: EpisodePlugin,
    /// Whether the default keys of view and panel work at first. Default: `true`.
    pub default_keys: bool,
}

impl Default for ProxOpsPlugins {
    fn default() -> Self {
        Self::new(EpisodeSettings::default())
    }
}

impl ProxOpsPlugins {
    /// The group around these episodes.
    pub fn of(episodes: EpisodePlugin) -> Self {
        Self { episodes, default_keys: true }
    }

    /// The group with these settings.
    pub fn new(settings: EpisodeSettings) -> Self {
        Self::of(EpisodePlugin::new(settings))
    }
}

impl PluginGroup for ProxOpsPlugins {
    fn build(self) -> PluginGroupBuilder {
        let group = PluginGroupBuilder::start::<Self>().add(self.episodes);
        #[cfg(feature = "view")]
        let group = group.add(crate::view::ViewPlugin::default());
        #[cfg(feature = "view")]
        let group = group.add(KeySwitch { on: self.default_keys });
        #[cfg(feature = "panel")]
        let group = group.add(crate::panel::PanelPlugin::default());
        group
    }
}

/// Sets the switch of the default keys at the start.
#[cfg(feature = "view")]
struct KeySwitch {
    on: bool,
}

#[cfg(feature = "view")]
impl bevy::app::Plugin for KeySwitch {
    fn build(&self, app: &mut bevy::app::App) {
        let keys = if self.on { crate::view::DefaultKeys::WithFocus } else { crate::view::DefaultKeys::Off };
        app.insert_resource(keys);
    }
}
