use bevy::ecs::reflect::ReflectResource;
use bevy::ecs::resource::Resource;
use bevy::math::Rect;
use bevy::reflect::Reflect;
use bevy::reflect::std_traits::ReflectDefault;

use crate::panel::efficiency::EfficiencyPanelState;
use crate::panel::episodes::EpisodesPanelState;
use crate::panel::network::NetworkPanelState;
use crate::panel::notices::NoticesState;
use crate::panel::parameters::ParametersPanelState;
use crate::panel::run_control::RunControlState;
use crate::panel::theme::PanelTheme;

/// What of the panels is shown, and how. A host may change it at any time.
#[derive(Resource, Reflect, Clone, Debug, PartialEq, Eq)]
#[reflect(Resource, Debug, Clone, PartialEq, Default)]
pub struct PanelSettings {
    /// Whether anything is drawn at all. `H` toggles it. Default: `true`.
    pub visible: bool,
    /// Whether the panels hear the keys that steer the run and show panels. Default: `true`. Those of view and panel together are
    /// switched off by [`DefaultKeys`](crate::view::DefaultKeys), single ones in [`KeyBindings`](crate::view::KeyBindings).
    pub shortcuts: bool,
    /// Light or dark. Default: [`PanelTheme::Dark`].
    pub theme: PanelTheme,
    /// Whether the parameters on the left are unfolded. Default: `true`.
    pub parameters: bool,
    /// Whether plots, search, network, training and legend on the right are unfolded. Default: `true`.
    pub plots: bool,
    /// Whether the episode list at the bottom is unfolded. Default: `true`.
    pub episodes: bool,
    /// Whether the help is open. `F1` toggles it. Default: `false`.
    pub help: bool,
    /// Whether a scenario file (`.ron`) dropped on the window is loaded. What else is dropped is refused with a notice.
    /// Default: `false`, for a host has files of its own; nothing is said about them then.
    pub dropped_files: bool,
}

impl Default for PanelSettings {
    fn default() -> Self {
        Self {
            visible: true,
            shortcuts: true,
            theme: PanelTheme::default(),
            parameters: true,
            plots: true,
            episodes: true,
            help: false,
            dropped_files: false,
        }
    }
}

/// What the panels remember between frames: half-typed text, values being dragged, dismissed notices.
#[derive(Resource, Clone, Debug, Default)]
pub struct PanelState {
    /// Of the parameters on the left.
    pub parameters: ParametersPanelState,
    /// Of the run controls at the top.
    pub run_control: RunControlState,
    /// Of the episode list at the bottom.
    pub episodes: EpisodesPanelState,
    /// Of the network on the right.
    pub network: NetworkPanelState,
    /// Of the sweep on the right.
    pub efficiency: EfficiencyPanelState,
    /// Of the notices over the view and in the log.
    pub notices: NoticesState,
}

/// Where the panels leave room for the 3D view; written after the panels are drawn.
#[derive(Resource, Reflect, Clone, Copy, Debug, Default, PartialEq)]
#[reflect(Resource, Debug, Clone, PartialEq, Default)]
pub struct PanelLayout {
    /// The free area in logical pixels of the window, origin at the top left; `None` while no panel is drawn, when all is free.
    pub central_rect: Option<Rect>,
}
