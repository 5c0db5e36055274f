//! The list of all parallel episodes: progress, what they have learned, what they have spent. A click puts one in focus.

use std::sync::Arc;

use bevy_egui::egui::{
    Align2, Checkbox, Color32, DragValue, FontId, Label, Rect, Response, RichText, ScrollArea, Sense, TextStyle, Ui,
    WidgetInfo, WidgetType, pos2, vec2,
};

use crate::episode::{EpisodeSnapshot, EpisodeStatus, MAX_EPISODES, SimCommand, SimulationSnapshot};
use crate::panel::figures;
use crate::panel::learned::{is_overshoot, learned_fraction, learned_help, learned_percent};
use crate::panel::theme::{Palette, tooltip};

const ROW_HEIGHT: f32 = 20.0;
const BAR_HEIGHT: f32 = 14.0;
const GAP: f32 = 10.0;
const LEFT_MARGIN: f32 = 6.0;
/// Width of the mark at a bar's end that says "more than this".
const OVERSHOOT_WIDTH: f32 = 4.0;
/// What the longest column title takes.
const FULL_TITLE_WIDTH: f32 = 136.0;

/// What the list remembers between frames.
#[derive(Clone, Debug, Default)]
pub struct EpisodesPanelState {
    episodes_draft: Option<u32>,
}

/// All episodes as one row each, with the number of parallel episodes above. Returns what the user asked for.
pub fn episodes_panel(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut EpisodesPanelState) -> Vec<SimCommand> {
    let mut commands = Vec::new();
    header(ui, snapshot, state, &mut commands);
    let columns = Columns::for_width(ui.available_width(), &TextWidths::of(ui, &snapshot.episodes));
    columns.titles(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("proxops_episode_rows").auto_shrink([false, false]).show_rows(
        ui,
        ROW_HEIGHT,
        snapshot.episodes.len(),
        |ui, rows| {
            for episode in &snapshot.episodes[rows] {
                if row(ui, episode, episode.number == snapshot.focus, &columns) {
                    commands.push(SimCommand::Focus(episode.number));
                }
            }
        },
    );
    commands
}

fn header(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut EpisodesPanelState, commands: &mut Vec<SimCommand>) {
    ui.horizontal(|ui| {
        let title = ui.label("Episodes in parallel");
        let mut episodes = state.episodes_draft.unwrap_or(snapshot.settings.episodes);
        let response = ui
            .add(DragValue::new(&mut episodes).range(1..=MAX_EPISODES).speed(0.1).update_while_editing(false))
            .labelled_by(title.id);
        tooltip(ui, &response, || {
            format!(
                "How many episodes run at the same time, 1 to {MAX_EPISODES}. Episodes that stay are not disturbed."
            )
        });
        if response.changed() {
            state.episodes_draft = Some(episodes);
        }
        if !response.dragged()
            && let Some(draft) = state.episodes_draft.take()
            && draft != snapshot.settings.episodes
        {
            commands.push(SimCommand::SetEpisodes(draft));
        }
        let mut restart = snapshot.settings.auto_restart;
        let response = ui.add(Checkbox::new(&mut restart, "restart when finished"));
        tooltip(ui, &response, || "Follow a finished episode by a new one with the next unused number.".to_owned());
        if response.changed() {
            commands.push(SimCommand::SetAutoRestart(restart));
        }
        let done = format!("{} finished", figures::count(snapshot.diagnostics.episodes_done));
        ui.add(Label::new(RichText::new(done).weak()).truncate());
    });
}

/// What the widest text of each column takes, in points.
struct TextWidths {
    number: f32,
    entropy: f32,
    dv: f32,
    range: f32,
}

impl TextWidths {
    /// Room for what an ordinary run shows, so that its columns never move.
    const LEAST: Self = Self { number: 24.0, entropy: 76.0, dv: 74.0, range: 62.0 };

    /// The largest values are the widest.
    fn of(ui: &Ui, episodes: &[Arc<EpisodeSnapshot>]) -> Self {
        let font = TextStyle::Monospace.resolve(ui.style());
        let width = |text: String| ui.painter().layout_no_wrap(text, font.clone(), Color32::WHITE).size().x;
        let largest = |value: fn(&EpisodeSnapshot) -> f64| {
            episodes.iter().map(|episode| value(episode)).filter(|value| value.is_finite()).fold(0.0, f64::max)
        };
        let number = episodes.iter().map(|episode| episode.number).max().unwrap_or(0);
        Self {
            number: width(number.to_string()).max(Self::LEAST.number),
            entropy: width(figures::entropy(largest(|episode| episode.entropy_nats))).max(Self::LEAST.entropy),
            dv: width(figures::dv(largest(|episode| episode.dv_spent_m_s))).max(Self::LEAST.dv),
            range: width(figures::range(largest(|episode| episode.range_m))).max(Self::LEAST.range),
        }
    }
}

/// Horizontal extents of the columns, relative to the row's left edge, in points. Narrow lists drop the least telling ones.
struct Columns {
    /// Right end: numbers stand under one another by their last digit.
    number: f32,
    status: Option<f32>,
    progress: [f32; 2],
    learned: [f32; 2],
    entropy: Option<f32>,
    dv: f32,
    range: Option<f32>,
}

impl Columns {
    fn for_width(width: f32, texts: &TextWidths) -> Self {
        let number = LEFT_MARGIN + texts.number;
        let number_width = number + GAP;
        let status_width = if width >= 620.0 { 150.0 } else { 0.0 };
        let entropy_width = if width >= 520.0 { GAP + texts.entropy } else { 0.0 };
        let range_width = if width >= 420.0 { GAP + texts.range } else { 0.0 };
        let dv_width = GAP + texts.dv;
        let text = number_width + status_width + entropy_width + range_width + dv_width;
        let bar = ((width - text - 2.0 * GAP - 8.0) / 2.0).max(40.0);
        let progress_start = number_width + status_width;
        let learned_start = progress_start + bar + GAP;
        let mut right = learned_start + bar;
        let mut next = |column_width: f32| {
            right += column_width;
            (column_width > 0.0).then_some(right)
        };
        Self {
            number,
            status: (status_width > 0.0).then_some(number_width),
            progress: [progress_start, progress_start + bar],
            learned: [learned_start, learned_start + bar],
            entropy: next(entropy_width),
            dv: next(dv_width).unwrap_or(width),
            range: next(range_width),
        }
    }

    fn titles(&self, ui: &mut Ui) {
        let (rect, titles) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::hover());
        let colour = Palette::of(ui).muted;
        let font = TextStyle::Small.resolve(ui.style());
        let at = |x: f32, align: Align2, text: &str| {
            ui.painter().text(pos2(rect.left() + x, rect.center().y), align, text, font.clone(), colour);
        };
        at(self.number, Align2::RIGHT_CENTER, "no.");
        if let Some(x) = self.status {
            at(x, Align2::LEFT_CENTER, "doing");
        }
        at(self.progress[0], Align2::LEFT_CENTER, "step");
        let wide = self.learned[1] - self.learned[0] >= FULL_TITLE_WIDTH;
        let learned = if wide { "learned of what can be seen" } else { "learned" };
        at(self.learned[0], Align2::LEFT_CENTER, learned);
        if let Some(x) = self.entropy {
            at(x, Align2::RIGHT_CENTER, "entropy");
        }
        at(self.dv, Align2::RIGHT_CENTER, "Δv spent");
        if let Some(x) = self.range {
            at(x, Align2::RIGHT_CENTER, "range");
        }
        if self.is_over_learned(&titles) {
            tooltip(ui, &titles, || learned_help(None));
        }
    }

    /// Whether the pointer is over what an episode has learned.
    fn is_over_learned(&self, row: &Response) -> bool {
        let [from, to] = self.learned.map(|x| row.rect.left() + x);
        row.hover_pos().is_some_and(|pointer| (from..to).contains(&pointer.x))
    }
}

/// Draws one episode; whether it was clicked.
fn row(ui: &mut Ui, episode: &EpisodeSnapshot, in_focus: bool, columns: &Columns) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let name = format!("Episode {}", episode.number);
    response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, ui.is_enabled(), in_focus, &name));
    if ui.is_rect_visible(rect) {
        paint_background(ui, rect, in_focus, response.hovered() || response.has_focus());
        paint_cells(ui, rect, episode, columns);
    }
    tooltip(ui, &response, || match columns.is_over_learned(&response) {
        true => learned_help(Some(learned_fraction(episode))),
        false => details(episode),
    });
    response.clicked()
}

fn paint_background(ui: &Ui, rect: Rect, in_focus: bool, hovered: bool) {
    let visuals = ui.visuals();
    let fill = match (in_focus, hovered) {
        (true, _) => visuals.selection.bg_fill,
        (false, true) => visuals.widgets.hovered.weak_bg_fill.gamma_multiply(0.6),
        (false, false) => return,
    };
    ui.painter().rect_filled(rect.shrink2(vec2(0.0, 1.0)), 4.0, fill);
}

fn paint_cells(ui: &Ui, rect: Rect, episode: &EpisodeSnapshot, columns: &Columns) {
    let palette = Palette::of(ui);
    let text_colour = ui.visuals().text_color();
    let mono = TextStyle::Monospace.resolve(ui.style());
    let body = TextStyle::Small.resolve(ui.style());
    let text = |x: f32, align: Align2, text: String, font: &FontId, colour: Color32| {
        ui.painter().text(pos2(rect.left() + x, rect.center().y), align, text, font.clone(), colour);
    };
    text(columns.number, Align2::RIGHT_CENTER, episode.number.to_string(), &mono, text_colour);
    if let Some(x) = columns.status {
        text(x, Align2::LEFT_CENTER, status(episode.status), &body, palette.muted);
    }
    let bar = |[from, to]: [f32; 2]| {
        Rect::from_center_size(pos2(rect.left() + (from + to) / 2.0, rect.center().y), vec2(to - from, BAR_HEIGHT))
    };
    let flown = f64::from(episode.step) / f64::from(episode.steps.max(1));
    paint_bar(ui, bar(columns.progress), flown, palette.floor, format!("{} / {}", episode.step, episode.steps));
    let learned = learned_fraction(episode);
    paint_bar(ui, bar(columns.learned), learned, palette.entropy, learned_percent(learned));
    if let Some(x) = columns.entropy {
        text(x, Align2::RIGHT_CENTER, figures::entropy(episode.entropy_nats), &mono, text_colour);
    }
    text(columns.dv, Align2::RIGHT_CENTER, figures::dv(episode.dv_spent_m_s), &mono, text_colour);
    if let Some(x) = columns.range {
        text(x, Align2::RIGHT_CENTER, figures::range(episode.range_m), &mono, text_colour);
    }
}

/// A bar with its label in the middle; one that is more than full ends in another colour.
pub(super) fn paint_bar(ui: &Ui, rect: Rect, fraction: f64, colour: Color32, label: String) {
    let palette = Palette::of(ui);
    let filled = if fraction.is_finite() { fraction.clamp(0.0, 1.0) as f32 } else { 0.0 };
    ui.painter().rect_filled(rect, 3.0, palette.track);
    let width = rect.width() * filled;
    if width >= 1.0 {
        let bar = Rect::from_min_size(rect.min, vec2(width, rect.height()));
        ui.painter().rect_filled(bar, 3.0, palette.filled(colour));
    }
    if is_overshoot(fraction) {
        ui.painter().rect_filled(rect.with_min_x(rect.right() - OVERSHOOT_WIDTH), 1.0, palette.caution);
    }
    let font = FontId::monospace(10.5);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, label, font, ui.visuals().strong_text_color());
}

fn status(status: EpisodeStatus) -> String {
    match status {
        EpisodeStatus::Searching { done, of } => {
            format!("searching {} / {}", figures::count(done.into()), figures::count(of.into()))
        }
        EpisodeStatus::Stepping => "between decisions".to_owned(),
        EpisodeStatus::Finished => "finished".to_owned(),
        EpisodeStatus::Refused => "ended early".to_owned(),
        EpisodeStatus::Failed => "failed".to_owned(),
    }
}

fn details(episode: &EpisodeSnapshot) -> String {
    let altered = if episode.altered {
        "\nA parameter was changed in mid-flight: its number alone does not replay it."
    } else {
        ""
    };
    let early_end = episode.early_end().map(|reason| format!("\nIt ended early: {reason}.")).unwrap_or_default();
    format!(
        "Episode {}: step {} of {}, {}.{early_end}\nEntropy {} of {} at the start; an ideal camera could remove {}, of which {} are learned.\nΔv spent {}, range {}.{altered}\nClick to put it in focus.",
        episode.number,
        episode.step,
        episode.steps,
        status(episode.status),
        figures::entropy(episode.entropy_nats),
        figures::entropy(episode.initial_entropy_nats),
        figures::entropy(episode.reachable_entropy_nats),
        learned_percent(learned_fraction(episode)),
        figures::dv(episode.dv_spent_m_s),
        figures::range(episode.range_m),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_inside_the_list_and_in_order() {
        for width in [360.0, 480.0, 600.0, 960.0, 1600.0_f32] {
            let columns = Columns::for_width(width, &TextWidths::LEAST);
            let right = columns.range.unwrap_or(columns.dv);
            assert!(right <= width, "{right} > {width}");
            assert!(columns.progress[1] < columns.learned[0]);
            assert!(columns.learned[1] < columns.dv);
        }
    }
}
