//! Lays the panels out round a free area in the middle, in one parent `Ui`.

use std::ops::RangeInclusive;

use bevy_egui::egui::{
    Align, Align2, Area, CollapsingHeader, Frame, Id, Layout, Margin, Order, Panel, Rect, RichText, ScrollArea, Ui,
    Vec2, vec2,
};

use crate::episode::{SimCommand, SimulationSnapshot};
use crate::panel::display::display_panel;
use crate::panel::efficiency::efficiency_panel;
use crate::panel::episodes::episodes_panel;
use crate::panel::fixed_room::in_fixed_room;
use crate::panel::help::help_panel;
use crate::panel::icons::{Icon, icon_toggle};
use crate::panel::legend::{colour_bars, colour_key};
use crate::panel::network::network_panel;
use crate::panel::notice_log::{notice_log_panel, notices_button};
use crate::panel::notice_stack::notices_panel;
use crate::panel::parameters::parameters_panel;
use crate::panel::plots::plots_panel;
use crate::panel::run_control::run_control_panel;
use crate::panel::search_inspector::{SearchInspector, search_inspector_panel};
use crate::panel::settings::{PanelSettings, PanelState};
use crate::panel::theme::{self, PanelTheme};
use crate::panel::timings::timings_panel;
use crate::panel::training::training_panel;
use crate::view::{ColourMap, KeyBindings, KeyGroup, ViewSettings};

/// From here on a window squeezes no panel.
const ROOMY_WIDTH: f32 = 1280.0;
const ROOMY_HEIGHT: f32 = 400.0;
/// Where a window is smaller than this, the side panels, the episodes or all panels give way to the view.
const SIDES_WIDTH: f32 = 640.0;
const EPISODES_HEIGHT: f32 = 360.0;
const LEAST_SIZE: Vec2 = vec2(340.0, 140.0);
const STACK_WIDTH: f32 = 340.0;
const LOG_WIDTH: f32 = 460.0;

/// What the panels show.
pub struct PanelInputs<'a> {
    /// The run as last published.
    pub snapshot: &'a SimulationSnapshot,
    /// Mean time between frames in seconds, where it is known.
    pub frame_time_s: Option<f64>,
    /// Whether the application lets the default keys work; the help says if not.
    pub default_keys: bool,
    /// Which keys do what, for the help.
    pub keys: &'a KeyBindings,
}

/// What came of drawing the panels.
pub struct PanelOutput {
    /// What the user asked for.
    pub commands: Vec<SimCommand>,
    /// What the panels left free, in points of the `Ui`.
    pub central_rect: Rect,
}

/// Which panels a window has room for.
#[derive(Clone, Copy)]
struct Room {
    sides: bool,
    episodes: bool,
}

impl Room {
    /// `None` for a window that has room for none.
    fn of(size: Vec2) -> Option<Self> {
        let fits = size.x >= LEAST_SIZE.x && size.y >= LEAST_SIZE.y;
        fits.then_some(Self { sides: size.x >= SIDES_WIDTH, episodes: size.y >= EPISODES_HEIGHT })
    }
}

/// Draws every panel round the edges of `ui`, styled by `settings` without touching the context's style. Panels that a small
/// window has no room for are not drawn; they come back as they were.
pub fn panels(
    ui: &mut Ui,
    inputs: &PanelInputs,
    view: Option<&mut ViewSettings>,
    settings: &mut PanelSettings,
    state: &mut PanelState,
) -> PanelOutput {
    ui.set_style(theme::style(settings.theme));
    state.notices.take(&inputs.snapshot.notices, ui.input(|input| input.time));
    let mut commands = Vec::new();
    let size = ui.available_size();
    let Some(room) = Room::of(size) else {
        return PanelOutput { commands, central_rect: ui.available_rect_before_wrap() };
    };
    top(ui, room, inputs, settings, state, &mut commands);
    strip(ui, inputs, state);
    if room.sides {
        left(ui, size.x, inputs, settings, state, &mut commands);
        right(ui, size.x, inputs, view, settings, state, &mut commands);
    }
    if room.episodes {
        bottom(ui, size.y, inputs, settings, state, &mut commands);
    }
    let central_rect = ui.available_rect_before_wrap();
    notices(ui, central_rect, inputs, state);
    if settings.help {
        settings.help = !help(ui, central_rect, inputs.keys, inputs.default_keys && settings.shortcuts);
    }
    PanelOutput { commands, central_rect }
}

fn id(name: &str) -> Id {
    Id::new("bevy_proxops").with(name)
}

fn frame(ui: &Ui) -> Frame {
    Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 6))
}

fn top(
    ui: &mut Ui,
    room: Room,
    inputs: &PanelInputs,
    settings: &mut PanelSettings,
    state: &mut PanelState,
    commands: &mut Vec<SimCommand>,
) {
    Panel::top(id("top")).frame(frame(ui)).resizable(false).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            toggles(ui, room, settings);
            ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
                commands.extend(run_control_panel(ui, inputs.snapshot, &mut state.run_control));
            });
        });
    });
}

/// From right to left.
fn toggles(ui: &mut Ui, room: Room, settings: &mut PanelSettings) {
    icon_toggle(ui, Icon::Help, &mut settings.help, "Help (F1)");
    let mut light = settings.theme == PanelTheme::Light;
    if icon_toggle(ui, Icon::Theme, &mut light, "Light theme").changed() {
        settings.theme = settings.theme.toggled();
    }
    panel_toggle(ui, room.sides, Icon::Right, &mut settings.plots, "Plots and search");
    panel_toggle(ui, room.episodes, Icon::Bottom, &mut settings.episodes, "Episodes");
    panel_toggle(ui, room.sides, Icon::Left, &mut settings.parameters, "Parameters");
}

/// A toggle that says so where the window has no room for its panel.
fn panel_toggle(ui: &mut Ui, has_room: bool, icon: Icon, on: &mut bool, name: &str) {
    let toggle = ui.add_enabled_ui(has_room, |ui| icon_toggle(ui, icon, on, name)).inner;
    toggle.on_disabled_hover_text(format!("{name}: the window is too small"));
}

fn strip(ui: &mut Ui, inputs: &PanelInputs, state: &mut PanelState) {
    let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 3));
    Panel::bottom(id("timings")).frame(frame).resizable(false).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            notices_button(ui, &mut state.notices);
            ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
                timings_panel(ui, inputs.snapshot, inputs.frame_time_s);
            });
        });
    });
}

/// The name of a panel that egui remembers the size of. A window with less than `roomy` for it has to squeeze it: each size
/// of such a window has a memory of its own, so that the panel is as before when the window is.
fn remembered(name: &str, room: f32, roomy: f32) -> Id {
    const CLASS: f32 = 100.0;
    if room < roomy { id(name).with((room / CLASS) as u32) } else { id(name) }
}

/// Widest that a side panel may be pulled: two of them leave half of the window to the view.
fn side_range(width: f32, least: f32) -> RangeInclusive<f32> {
    least..=(0.25 * width).max(least)
}

fn left(
    ui: &mut Ui,
    width: f32,
    inputs: &PanelInputs,
    settings: &mut PanelSettings,
    state: &mut PanelState,
    commands: &mut Vec<SimCommand>,
) {
    Panel::left(remembered("parameters", width, ROOMY_WIDTH))
        .frame(frame(ui))
        .default_size((0.22 * width).clamp(200.0, 290.0))
        .size_range(side_range(width, 180.0))
        .show_collapsible(ui, &mut settings.parameters, |ui| {
            in_fixed_room(ui, |ui| commands.extend(parameters_panel(ui, inputs.snapshot, &mut state.parameters)));
        });
}

fn right(
    ui: &mut Ui,
    width: f32,
    inputs: &PanelInputs,
    view: Option<&mut ViewSettings>,
    settings: &mut PanelSettings,
    state: &mut PanelState,
    commands: &mut Vec<SimCommand>,
) {
    Panel::right(remembered("plots", width, ROOMY_WIDTH))
        .frame(frame(ui))
        .default_size((0.24 * width).clamp(220.0, 320.0))
        .size_range(side_range(width, 200.0))
        .show_collapsible(ui, &mut settings.plots, |ui| {
            in_fixed_room(ui, |ui| {
                ScrollArea::vertical()
                    .id_salt("proxops_right")
                    .auto_shrink([false, false])
                    .show(ui, |ui| right_sections(ui, inputs.snapshot, view, state, commands));
            });
        });
}

/// All sections, always in the same order.
fn right_sections(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    view: Option<&mut ViewSettings>,
    state: &mut PanelState,
    commands: &mut Vec<SimCommand>,
) {
    let value_colours = view.as_ref().map(|view| view.value_colours).unwrap_or_default();
    if let Some(view) = &view {
        colour_bars(ui, view);
    }
    focused_episode(ui, snapshot, value_colours);
    learning_sections(ui, snapshot, state, commands);
    if let Some(view) = view {
        section(ui, "Colours", true, colour_key);
        section(ui, "Display", false, |ui| display_panel(ui, view));
    }
}

/// Network, training and efficiency: unfolded at first if the run begins with them, and from then on as the user
/// left them. Nothing moves by itself when a planner is chosen.
fn learning_sections(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    state: &mut PanelState,
    commands: &mut Vec<SimCommand>,
) {
    let network = snapshot.settings.search.planner.needs_network();
    section(ui, "Network", network, |ui| commands.extend(network_panel(ui, snapshot, &mut state.network)));
    let training = snapshot.training.is_some();
    section(ui, "Training", training, |ui| commands.extend(training_panel(ui, snapshot)));
    let found = state.efficiency.has_something_to_offer();
    section(ui, "Efficiency", found, |ui| commands.extend(efficiency_panel(ui, snapshot, &mut state.efficiency)));
}

fn focused_episode(ui: &mut Ui, snapshot: &SimulationSnapshot, value_colours: ColourMap) {
    let Some(episode) = snapshot.focused() else {
        ui.weak("No episode runs.");
        return;
    };
    ui.horizontal(|ui| {
        ui.heading(format!("Episode {}", episode.number));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.weak(format!("step {} of {}", episode.step, episode.steps));
        });
    });
    section(ui, "Progress", true, |ui| plots_panel(ui, episode, &snapshot.settings.search));
    section(ui, "Search of the last decision", true, |ui| {
        let inspector = SearchInspector {
            config: &snapshot.settings.search,
            actions: episode.mission.actions(),
            value_colours,
            flown: episode.transitions.last().map(|transition| transition.action),
        };
        search_inspector_panel(ui, &inspector, episode.search.as_deref());
    });
}

/// A section that is open at first or not; after that the user decides.
fn section(ui: &mut Ui, title: &str, open_at_first: bool, contents: impl FnOnce(&mut Ui)) {
    let text = RichText::new(title).strong().color(ui.visuals().text_color());
    CollapsingHeader::new(text)
        .id_salt(("proxops_section", title))
        .default_open(open_at_first)
        .show_unindented(ui, contents);
}

fn bottom(
    ui: &mut Ui,
    height: f32,
    inputs: &PanelInputs,
    settings: &mut PanelSettings,
    state: &mut PanelState,
    commands: &mut Vec<SimCommand>,
) {
    Panel::bottom(remembered("episodes", height, ROOMY_HEIGHT))
        .frame(frame(ui))
        .default_size((0.31 * height).clamp(110.0, 236.0))
        .size_range(72.0..=(0.6 * height).max(72.0))
        .show_collapsible(ui, &mut settings.episodes, |ui| {
            in_fixed_room(ui, |ui| commands.extend(episodes_panel(ui, inputs.snapshot, &mut state.episodes)));
        });
}

/// In a corner of the free area: the log while it is open, or else what is still to be read.
fn notices(ui: &Ui, free: Rect, inputs: &PanelInputs, state: &mut PanelState) {
    state.notices.hovered = false;
    if state.notices.log_open {
        notice_log(ui, free, state);
    } else if state.notices.stands() {
        let width = STACK_WIDTH.min(0.5 * free.width()).max(160.0);
        floating(ui, "notices", Align2::RIGHT_TOP, free, |ui| {
            ui.set_width(width);
            notices_panel(ui, &inputs.snapshot.notices, &mut state.notices);
        });
    }
}

fn notice_log(ui: &Ui, free: Rect, state: &mut PanelState) {
    floating(ui, "notice_log", Align2::RIGHT_BOTTOM, free, |ui| {
        Frame::window(ui.style()).inner_margin(Margin::same(12)).show(ui, |ui| {
            ui.set_width(LOG_WIDTH.min(free.width() - 64.0).max(160.0));
            ui.set_max_height((0.6 * free.height()).max(80.0));
            notice_log_panel(ui, &mut state.notices);
        });
    });
}

/// Draws the help over the free area; whether it was closed.
fn help(ui: &Ui, free: Rect, keys: &KeyBindings, keys_are_on: bool) -> bool {
    floating(ui, "help", Align2::CENTER_CENTER, free, |ui| {
        Frame::window(ui.style())
            .inner_margin(Margin::same(16))
            .show(ui, |ui| {
                if !keys_are_on {
                    ui.label("This application has switched the keys off.");
                }
                let sections = [("Run", KeyGroup::Run), ("Panels", KeyGroup::Panel), ("View", KeyGroup::View)];
                help_panel(ui, &sections.map(|(heading, group)| (heading, keys.listed(group))))
            })
            .inner
    })
}

/// Every panel that floats over the free area.
const FLOATING: [&str; 3] = ["help", "notice_log", "notices"];

/// Whether a layer of egui's is one of the panels that float over the free area.
pub(super) fn is_floating_panel(layer: Id) -> bool {
    FLOATING.iter().any(|name| id(name) == layer)
}

fn floating<R>(ui: &Ui, name: &str, align: Align2, free: Rect, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let inset = free.shrink2(vec2(12.0, 12.0));
    let style = ui.style().clone();
    Area::new(id(name))
        .order(Order::Foreground)
        .pivot(align)
        .fixed_pos(align.pos_in_rect(&inset))
        .show(ui.ctx(), |ui| {
            ui.set_style(style);
            contents(ui)
        })
        .inner
}
