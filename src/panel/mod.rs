//! The egui panels: run control, parameters, episodes, plots, search inspector.
//!
//! [`PanelPlugin`] lays every panel out round the 3D view. Each panel is also a plain function over a snapshot that
//! returns the commands the user asked for, so that a host can place it in its own egui layout:
//!
//! | function | shows |
//! |---|---|
//! | [`run_control_panel`] | play, pace, seed, scenario, planner, files |
//! | [`parameters_panel`], [`parameter_row`] | every entry of [`PARAMETERS`](crate::episode::PARAMETERS) |
//! | [`episodes_panel`] | all parallel episodes; a click puts one in focus |
//! | [`plots_panel`] | entropy, Δv and range of one episode |
//! | [`search_inspector_panel`] | visits and values of the 13 actions |
//! | [`legend_panel`], [`display_panel`] | what the colours of the 3D view mean, and what it draws |
//! | [`timings_panel`] | decisions, simulations and observations per second, cores busy |
//! | [`notices_panel`] | what was refused and why |
//! | [`panels`] | all of them, round the edges of one `Ui` |
//!
//! The panels read only the snapshot and send only [`SimCommand`](crate::episode::SimCommand)s.

mod display;
mod episodes;
mod figures;
mod help;
mod icons;
mod layout;
mod legend;
mod notices;
mod parameter_widget;
mod parameters;
mod plots;
mod plugin;
mod reserve;
mod run_control;
mod search_inspector;
mod settings;
mod shortcuts;
mod theme;
mod timings;

pub use display::display_panel;
pub use episodes::{EpisodesPanelState, episodes_panel, learned_fraction};
pub use help::help_panel;
pub use layout::{PanelInputs, PanelOutput, panels};
pub use legend::legend_panel;
pub use notices::{NoticesState, notices_panel};
pub use parameter_widget::choice_label;
pub use parameters::{ParametersPanelState, explanation, parameter_row, parameters_panel};
pub use plots::plots_panel;
pub use plugin::{PanelPlugin, PanelSystems};
pub use run_control::{RunControlState, run_control_panel};
pub use search_inspector::{ORACLE_CAUTION, SearchInspector, chosen_action, oracle_banner, search_inspector_panel};
pub use settings::{PanelLayout, PanelSettings, PanelState};
pub use shortcuts::{SHORTCUTS, shortcut_commands};
pub use theme::{Palette, PanelTheme};
pub use timings::timings_panel;
