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
//! | [`plots_panel`] | entropy, Δv and range of one episode, and what its planner expected against what came |
//! | [`search_inspector_panel`] | policy, visits and values of the 13 actions |
//! | [`network_panel`] | the network's device, layers, load and file |
//! | [`training_panel`] | start and pause of a training run, its progress and its curves |
//! | [`efficiency_panel`] | a sweep of workers and search modes, what it found, and a button that uses it |
//! | [`legend_panel`], [`display_panel`] | what the colours of the 3D view mean, and what it draws |
//! | [`timings_panel`] | speed, cores and network busy, and where the time goes |
//! | [`notices_panel`], [`notice_log_panel`] | what was refused and why; all that the run has said |
//! | [`panels`] | all of them, round the edges of one `Ui` |
//!
//! The panels read only the snapshot and send only [`SimCommand`](crate::episode::SimCommand)s.

mod action_table;
mod batch_histogram;
mod chart;
mod choice_menu;
mod context;
mod display;
mod dropped_files;
mod efficiency;
mod episodes;
mod figures;
mod fixed_room;
mod help;
mod icons;
mod key_order;
mod labelled;
mod layout;
mod learned;
mod legend;
mod network;
mod notice_log;
mod notice_stack;
mod notices;
mod parameter_topics;
mod parameter_widget;
mod parameters;
mod path_box;
mod plots;
mod plugin;
mod reserve;
mod run_control;
mod search_inspector;
mod settings;
mod shortcuts;
mod theme;
mod time_split;
mod timings;
mod training;
mod training_plots;
mod value_plot;

pub use context::PanelContextPass;
pub use display::display_panel;
pub use efficiency::{EfficiencyPanelState, efficiency_panel};
pub use episodes::{EpisodesPanelState, episodes_panel};
pub use help::help_panel;
pub use layout::{PanelInputs, PanelOutput, panels};
pub use learned::learned_fraction;
pub use legend::legend_panel;
pub use network::{NetworkPanelState, network_panel};
pub use notice_log::notice_log_panel;
pub use notice_stack::notices_panel;
pub use notices::NoticesState;
pub use parameter_widget::choice_label;
pub use parameters::{ParametersPanelState, explanation, parameter_row, parameters_panel};
pub use plots::plots_panel;
pub use plugin::{PanelPlugin, PanelSystems};
pub use run_control::{RunControlState, run_control_panel};
pub use search_inspector::{ORACLE_CAUTION, SearchInspector, chosen_action, oracle_banner, search_inspector_panel};
pub use settings::{PanelLayout, PanelSettings, PanelState};
pub use shortcuts::shortcut_commands;
pub use theme::{Palette, PanelTheme};
pub use timings::timings_panel;
pub use training::training_panel;
