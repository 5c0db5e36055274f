//! The 13 actions of a search: how likely the network held them, how often they were visited, what they are worth.

use bevy_egui::egui::{Align2, Color32, Rect, Sense, TextStyle, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::mission::Action;
use crate::panel::figures;
use crate::panel::search_inspector::{SearchInspector, chosen_action};
use crate::panel::theme::{Palette, tooltip};
use crate::search::SearchSummary;

const ROW_HEIGHT: f32 = 17.0;
const GAP: f32 = 10.0;
const LEAST_LABEL_WIDTH: f32 = 62.0;
const LEAST_VISITS_WIDTH: f32 = 46.0;
const VALUE_WIDTH: f32 = 62.0;
const PRIOR_WIDTH: f32 = 40.0;

/// One row an action; with a network also its policy, as a bar above that of the visits, both on the same scale.
pub(super) fn action_table(ui: &mut Ui, inspector: &SearchInspector, summary: &SearchSummary) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let columns = Columns::of(ui, inspector, summary);
    bar_key(ui, columns.with_policy);
    columns.titles(ui);
    let flown = inspector.flown.map(Action::index).or(chosen_action(summary));
    let scale = Scale::of(summary, columns.with_policy);
    for (index, action) in Action::ALL.iter().enumerate() {
        let [red, green, blue] = inspector.value_colours.srgb(normalised_value(summary, index));
        let visits = summary.visits[index];
        let row = ActionRow {
            label: inspector.actions.label(*action),
            visits,
            visits_bar: scale.visits(visits),
            policy: columns.with_policy.then_some((summary.priors[index], scale.policy(summary.priors[index]))),
            q: (visits > 0).then_some(f64::from(summary.q[index])),
            colour: Color32::from_rgb(red, green, blue),
            chosen: flown == Some(index),
        };
        row.show(ui, &columns);
    }
    ui.add_space(6.0);
}

/// What the bars of a row are. It takes its line also where there is but one, so that nothing below moves with the planner.
fn bar_key(ui: &mut Ui, with_policy: bool) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let palette = Palette::of(ui);
        let keys = [(palette.network, "network's policy"), (palette.floor, "visits, coloured by Q")];
        for (colour, name) in &keys[usize::from(!with_policy)..] {
            let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
            ui.painter().rect_filled(Rect::from_center_size(rect.center(), vec2(14.0, 5.0)), 1.0, *colour);
            ui.label(bevy_egui::egui::RichText::new(*name).small().color(palette.muted));
            ui.add_space(6.0);
        }
    });
}

/// Turns visits and probabilities into parts of a bar; the largest of either fills it.
struct Scale {
    simulations: f32,
    largest: f32,
}

impl Scale {
    fn of(summary: &SearchSummary, with_policy: bool) -> Self {
        let simulations = summary.visits.iter().sum::<u32>().max(1) as f32;
        let most = summary.visits.iter().copied().max().unwrap_or(0) as f32 / simulations;
        let likeliest = if with_policy { summary.priors.iter().copied().fold(0.0, f32::max) } else { 0.0 };
        Self { simulations, largest: most.max(likeliest).max(f32::MIN_POSITIVE) }
    }

    fn visits(&self, visits: u32) -> f32 {
        visits as f32 / self.simulations / self.largest
    }

    fn policy(&self, probability: f32) -> f32 {
        probability / self.largest
    }
}

/// Q between the worst (0) and the best (1) of the actions that were tried; 0.5 where all are the same.
fn normalised_value(summary: &SearchSummary, index: usize) -> f32 {
    let tried = summary.q.iter().zip(summary.visits).filter(|(_, visits)| *visits > 0).map(|(q, _)| *q);
    let (worst, best) = tried.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), q| (low.min(q), high.max(q)));
    if best > worst { (summary.q[index] - worst) / (best - worst) } else { 0.5 }
}

/// Where the columns of a row end.
struct Columns {
    with_policy: bool,
    label_width: f32,
    visits_width: f32,
}

impl Columns {
    fn of(ui: &Ui, inspector: &SearchInspector, summary: &SearchSummary) -> Self {
        let font = TextStyle::Monospace.resolve(ui.style());
        let width = |text: String| ui.painter().layout_no_wrap(text, font.clone(), Color32::WHITE).size().x + GAP;
        let labels = Action::ALL.iter().map(|action| width(inspector.actions.label(*action)));
        let most_visits = summary.visits.iter().copied().max().unwrap_or(0);
        Self {
            with_policy: inspector.config.planner.needs_network(),
            label_width: labels.fold(LEAST_LABEL_WIDTH, f32::max),
            visits_width: width(figures::count(most_visits.into())).max(LEAST_VISITS_WIDTH),
        }
    }

    fn visits_right(&self, rect: Rect) -> f32 {
        rect.right() - VALUE_WIDTH
    }

    fn policy_right(&self, rect: Rect) -> f32 {
        self.visits_right(rect) - self.visits_width
    }

    fn bar(&self, rect: Rect) -> Rect {
        let left = rect.left() + self.label_width;
        let policy_width = if self.with_policy { PRIOR_WIDTH } else { 4.0 };
        let right = (self.policy_right(rect) - policy_width).max(left + 8.0);
        Rect::from_min_max(pos2(left, rect.top() + 2.0), pos2(right, rect.bottom() - 2.0))
    }

    fn titles(&self, ui: &mut Ui) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::hover());
        let font = TextStyle::Small.resolve(ui.style());
        let colour = Palette::of(ui).muted;
        let text = |x: f32, align, text: &str| {
            ui.painter().text(pos2(x, rect.center().y), align, text, font.clone(), colour);
        };
        text(rect.left() + 4.0, Align2::LEFT_CENTER, "burn m/s");
        if self.with_policy {
            text(self.policy_right(rect), Align2::RIGHT_CENTER, "policy");
        }
        text(self.visits_right(rect), Align2::RIGHT_CENTER, "visits");
        text(rect.right() - 4.0, Align2::RIGHT_CENTER, "Q (reward)");
    }
}

struct ActionRow {
    label: String,
    visits: u32,
    visits_bar: f32,
    /// Probability and part of its bar.
    policy: Option<(f32, f32)>,
    q: Option<f64>,
    colour: Color32,
    chosen: bool,
}

impl ActionRow {
    fn show(&self, ui: &mut Ui, columns: &Columns) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, self.name()));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect, columns);
        }
        tooltip(ui, &response, || self.explanation());
    }

    fn name(&self) -> String {
        let policy = self.policy.map_or(String::new(), |(p, _)| format!(", policy {}", figures::percent(p.into())));
        format!("{}: {} visits{policy}{}", self.label, self.visits, if self.chosen { ", chosen" } else { "" })
    }

    fn explanation(&self) -> String {
        let policy = self.policy.map_or(String::new(), |(p, _)| {
            format!("{} likely in the network's policy, before the search\n", figures::percent(p.into()))
        });
        let chosen = if self.chosen { "\nThis one was flown." } else { "" };
        format!(
            "{}\n{policy}{} visits\nQ {}: mean discounted reward, in shares of the initial entropy less the price of Δv{chosen}",
            self.label,
            figures::count(self.visits.into()),
            self.q.map_or(figures::UNKNOWN.to_owned(), |q| format!("{q:+.5}")),
        )
    }

    fn paint(&self, ui: &Ui, rect: Rect, columns: &Columns) {
        let palette = Palette::of(ui);
        let text_colour = if self.chosen { ui.visuals().strong_text_color() } else { ui.visuals().text_color() };
        let mono = TextStyle::Monospace.resolve(ui.style());
        if self.chosen {
            ui.painter().rect_filled(rect, 3.0, palette.selected);
        }
        let text = |x: f32, align, text: String| {
            ui.painter().text(pos2(x, rect.center().y), align, text, mono.clone(), text_colour);
        };
        text(rect.left() + 4.0, Align2::LEFT_CENTER, self.label.clone());
        let bars = columns.bar(rect);
        match self.policy {
            Some((probability, part)) => {
                let (policy, visits) = bars.split_top_bottom_at_fraction(0.5);
                paint_bar(ui, policy.with_max_y(policy.bottom() - 0.5), part, palette.network);
                paint_bar(ui, visits.with_min_y(visits.top() + 0.5), self.visits_bar, self.colour);
                text(columns.policy_right(rect), Align2::RIGHT_CENTER, figures::share(probability.into()));
            }
            None => paint_bar(ui, bars.shrink2(vec2(0.0, 2.0)), self.visits_bar, self.colour),
        }
        text(columns.visits_right(rect), Align2::RIGHT_CENTER, figures::count(self.visits.into()));
        text(rect.right() - 4.0, Align2::RIGHT_CENTER, self.q.map_or(figures::UNKNOWN.to_owned(), figures::reward));
    }
}

fn paint_bar(ui: &Ui, rect: Rect, part: f32, colour: Color32) {
    ui.painter().rect_filled(rect, 2.0, Palette::of(ui).track);
    let filled = Rect::from_min_size(rect.min, vec2(rect.width() * part.clamp(0.0, 1.0), rect.height()));
    ui.painter().rect_filled(filled, 2.0, colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_and_visits_share_one_scale() {
        let mut summary = crate::panel::search_inspector::nothing_searched();
        (summary.visits[0], summary.visits[1]) = (30, 10);
        (summary.priors[0], summary.priors[1]) = (0.25, 0.5);
        let scale = Scale::of(&summary, true);
        assert_eq!([scale.visits(30), scale.visits(10)], [1.0, 1.0 / 3.0]);
        assert_eq!(scale.policy(0.75), 1.0);
        assert_eq!(scale.policy(0.25), scale.visits(10));
    }
}
