//! Why the focused episode's planner chose its burn: visits and values of the 13 actions, and the size of the tree.

use bevy_egui::egui::{
    Align2, Color32, Grid, Rect, RichText, Sense, TextStyle, Ui, WidgetInfo, WidgetType, pos2, vec2,
};

use crate::mission::{Action, ActionSet};
use crate::panel::figures;
use crate::panel::theme::{Palette, tooltip};
use crate::search::{Knowledge, PlannerKind, SearchConfig, SearchSummary};
use crate::view::ColourMap;

const ROW_HEIGHT: f32 = 17.0;
const LABEL_WIDTH: f32 = 62.0;
const VISITS_WIDTH: f32 = 50.0;
const VALUE_WIDTH: f32 = 66.0;

/// What must stand wherever the oracle's results are shown or chosen.
pub const ORACLE_CAUTION: &str = "sees the true shape: upper bound";

/// What the inspector needs besides the search itself.
#[derive(Clone, Copy, Debug)]
pub struct SearchInspector<'a> {
    /// How decisions are made.
    pub config: &'a SearchConfig,
    /// The burns the actions stand for.
    pub actions: &'a ActionSet,
    /// Colours of the values, the same as those of the candidates in the 3D view.
    pub value_colours: ColourMap,
}

/// The latest finished search of an episode, or why there is none.
pub fn search_inspector_panel(ui: &mut Ui, inspector: &SearchInspector, summary: Option<&SearchSummary>) {
    let config = inspector.config;
    if config.planner.searches() && config.knowledge == Knowledge::Oracle {
        oracle_banner(ui);
    }
    match summary {
        Some(summary) => {
            action_table(ui, inspector, summary);
            tree_figures(ui, summary);
        }
        None => {
            ui.weak(match config.planner {
                PlannerKind::Mcts | PlannerKind::AlphaZero | PlannerKind::NetworkOnly => {
                    "The first decision is still being searched for."
                }
                PlannerKind::Passive => "The passive planner never burns and searches nothing.",
                PlannerKind::Random => "The random planner draws its burns and searches nothing.",
            });
        }
    }
}

/// One line that says that the oracle is no planner.
pub fn oracle_banner(ui: &mut Ui) {
    let text = RichText::new(format!("Oracle {ORACLE_CAUTION}")).color(Palette::of(ui).caution);
    let response = ui.label(text);
    tooltip(ui, &response, || {
        "No real planner knows the true shape. Its results bound what knowledge could gain and are never a planner's results."
            .to_owned()
    });
}

/// The action with the most visits, ties to the earlier one: the one that was flown.
pub fn chosen_action(summary: &SearchSummary) -> Option<usize> {
    let most = summary.visits.iter().copied().max().filter(|&visits| visits > 0)?;
    summary.visits.iter().position(|&visits| visits == most)
}

fn action_table(ui: &mut Ui, inspector: &SearchInspector, summary: &SearchSummary) {
    ui.spacing_mut().item_spacing.y = 0.0;
    titles(ui);
    let chosen = chosen_action(summary);
    let most = summary.visits.iter().copied().max().unwrap_or(0).max(1);
    for (index, action) in Action::ALL.iter().enumerate() {
        let [red, green, blue] = inspector.value_colours.srgb(normalised_value(summary, index));
        let row = ActionRow {
            label: inspector.actions.label(*action),
            visits: summary.visits[index],
            share: summary.visits[index] as f32 / most as f32,
            q: f64::from(summary.q[index]),
            colour: Color32::from_rgb(red, green, blue),
            chosen: chosen == Some(index),
        };
        row.show(ui);
    }
    ui.add_space(6.0);
}

fn titles(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::hover());
    let font = TextStyle::Small.resolve(ui.style());
    let colour = Palette::of(ui).muted;
    let text = |x: f32, align, text: &str| {
        ui.painter().text(pos2(x, rect.center().y), align, text, font.clone(), colour);
    };
    text(rect.left() + 4.0, Align2::LEFT_CENTER, "burn m/s");
    text(rect.right() - VALUE_WIDTH, Align2::RIGHT_CENTER, "visits");
    text(rect.right() - 4.0, Align2::RIGHT_CENTER, "Q (reward)");
}

/// Q between the worst (0) and the best (1) of the actions that were tried; 0.5 where all are the same.
fn normalised_value(summary: &SearchSummary, index: usize) -> f32 {
    let tried = summary.q.iter().zip(summary.visits).filter(|(_, visits)| *visits > 0).map(|(q, _)| *q);
    let (worst, best) = tried.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), q| (low.min(q), high.max(q)));
    if best > worst { (summary.q[index] - worst) / (best - worst) } else { 0.5 }
}

struct ActionRow {
    label: String,
    visits: u32,
    share: f32,
    q: f64,
    colour: Color32,
    chosen: bool,
}

impl ActionRow {
    fn show(&self, ui: &mut Ui) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
        let name = format!("{}: {} visits{}", self.label, self.visits, if self.chosen { ", chosen" } else { "" });
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &name));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect);
        }
        tooltip(ui, &response, || {
            let q = if self.visits == 0 { figures::UNKNOWN.to_owned() } else { format!("{:+.5}", self.q) };
            let chosen = if self.chosen { "\nMost visited: this one was flown." } else { "" };
            format!(
                "{}\n{} visits\nQ {q}: mean discounted reward, in shares of the initial entropy less the price of Δv{chosen}",
                self.label,
                figures::count(self.visits.into()),
            )
        });
    }

    fn paint(&self, ui: &Ui, rect: Rect) {
        let palette = Palette::of(ui);
        let text_colour = if self.chosen { ui.visuals().strong_text_color() } else { ui.visuals().text_color() };
        let mono = TextStyle::Monospace.resolve(ui.style());
        if self.chosen {
            ui.painter().rect_filled(rect, 3.0, palette.selected);
        }
        let text = |x: f32, align, text: String, colour: Color32| {
            ui.painter().text(pos2(x, rect.center().y), align, text, mono.clone(), colour);
        };
        text(rect.left() + 4.0, Align2::LEFT_CENTER, self.label.clone(), text_colour);
        let bar_left = rect.left() + LABEL_WIDTH;
        let bar_right = (rect.right() - VALUE_WIDTH - VISITS_WIDTH).max(bar_left + 8.0);
        let bar = Rect::from_min_max(pos2(bar_left, rect.top() + 4.0), pos2(bar_right, rect.bottom() - 4.0));
        ui.painter().rect_filled(bar, 2.0, palette.track);
        let filled = Rect::from_min_size(bar.min, vec2(bar.width() * self.share, bar.height()));
        ui.painter().rect_filled(filled, 2.0, self.colour);
        text(rect.right() - VALUE_WIDTH, Align2::RIGHT_CENTER, figures::count(self.visits.into()), text_colour);
        let q = if self.visits == 0 { figures::UNKNOWN.to_owned() } else { format!("{:+.4}", self.q) };
        text(rect.right() - 4.0, Align2::RIGHT_CENTER, q, text_colour);
    }
}

fn tree_figures(ui: &mut Ui, summary: &SearchSummary) {
    let rows = [
        ("root value", format!("{:+.4}", summary.root_value)),
        ("simulations", figures::count(summary.simulations.into())),
        ("tree nodes", figures::count(summary.tree_nodes.into())),
        ("depth", format!("{} steps", summary.depth)),
    ];
    Grid::new("proxops_tree_figures").num_columns(4).spacing(vec2(10.0, 3.0)).show(ui, |ui| {
        for (index, (name, value)) in rows.iter().enumerate() {
            ui.label(RichText::new(*name).small().color(Palette::of(ui).muted));
            ui.monospace(value);
            if index % 2 == 1 {
                ui.end_row();
            }
        }
    });
}
