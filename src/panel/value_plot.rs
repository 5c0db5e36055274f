//! What the planner expected of every step against the return that came of it.

use bevy_egui::egui::{Id, Ui};
use egui_plot::{HoverPosition, Line, LineStyle, PlotPoints};

use crate::episode::{EpisodeSnapshot, EpisodeStatus};
use crate::mission::Transition;
use crate::panel::chart::{PLOT_HEIGHT, line_key, still_plot, value_range};
use crate::panel::figures;
use crate::panel::plots::{cursor_group, title};
use crate::panel::theme::{Palette, row_tooltip};
use crate::search::{PlannerKind, SearchConfig};

const EXPECTED: &str = "expected";
const CAME: &str = "came";
/// Least span of the axis, in shares of the initial entropy.
const LEAST_SPAN: f64 = 0.1;

/// Expected and actual return from each step on, for a planner that expects something.
pub(super) fn value_plot(ui: &mut Ui, episode: &EpisodeSnapshot, search: &SearchConfig) {
    let palette = Palette::of(ui);
    let steps_ahead = (search.planner == PlannerKind::Mcts).then_some(search.horizon as usize);
    let discount = episode.mission.discount();
    let expected = &episode.expected_returns;
    let came = returns(&episode.transitions, discount, steps_ahead);
    let now = expected.last().map_or(figures::UNKNOWN.to_owned(), |value| figures::reward((*value).into()));
    let heading = title(ui, "Value", palette.network, &now);
    row_tooltip(ui, &heading, || explanation(discount, steps_ahead));
    let came_name = came_name(episode.status, steps_ahead);
    line_key(ui, &[(EXPECTED, palette.network, false), (came_name, palette.range, true)]);
    let points = |values: &mut dyn Iterator<Item = f64>| -> PlotPoints<'static> {
        values.enumerate().map(|(step, value)| [step as f64, value]).collect()
    };
    let values = expected.iter().map(|value| f64::from(*value)).chain(came.iter().copied()).chain([0.0]);
    let [low, high] = value_range(values, LEAST_SPAN);
    let expected = points(&mut expected.iter().map(|value| f64::from(*value)));
    let came = points(&mut came.iter().copied());
    still_plot(ui, Id::new("bevy_proxops").with("Value"), Some("step"), PLOT_HEIGHT)
        .include_x(0.0)
        .include_x(f64::from(episode.steps.max(1)))
        .include_y(low)
        .include_y(high)
        .link_cursor(cursor_group(), [true, false])
        .label_formatter(hover_label)
        .show(ui, |plot| {
            plot.line(Line::new(CAME, came).color(palette.range).width(1.5).style(LineStyle::dashed_dense()));
            plot.line(Line::new(EXPECTED, expected).color(palette.network).width(1.8));
        });
}

fn came_name(status: EpisodeStatus, steps_ahead: Option<usize>) -> &'static str {
    match (status, steps_ahead) {
        (status, None) if status.is_over() => "came after it",
        (_, None) => "came after it, so far",
        (status, Some(_)) if status.is_over() => "came within the horizon",
        (_, Some(_)) => "came within the horizon, so far",
    }
}

fn explanation(discount: f64, steps_ahead: Option<usize>) -> String {
    let span = steps_ahead.map_or("to the end of the episode".to_owned(), |steps| format!("for {steps} steps"));
    format!(
        "The discounted return that the planner expected when it chose the burn of a step, and the one that came from that step on, {span} (γ = {}). In shares of the initial entropy, less the price of Δv.\n\nSteps not yet flown have earned nothing: near the newest step the second line counts only the rewards so far and must fall short.",
        figures::plain(discount)
    )
}

fn hover_label(hover: &HoverPosition) -> Option<String> {
    let HoverPosition::NearDataPoint { plot_name, position, index } = hover else {
        return None;
    };
    Some(format!("step {index}\n{plot_name} {}", figures::reward(position.y)))
}

/// Discounted return from each step on, over `steps_ahead` steps or to the newest one: G = r + γ G′, less what lies
/// beyond the horizon.
fn returns(transitions: &[Transition], discount: f64, steps_ahead: Option<usize>) -> Vec<f64> {
    let mut returns = vec![0.0; transitions.len()];
    let mut following = 0.0;
    for step in (0..transitions.len()).rev() {
        following = transitions[step].reward + discount * following;
        if let Some(steps_ahead) = steps_ahead
            && let Some(beyond) = transitions.get(step + steps_ahead)
        {
            following -= discount.powi(steps_ahead as i32) * beyond.reward;
        }
        returns[step] = following;
    }
    returns
}

#[cfg(test)]
mod tests {
    use crate::mission::{Action, Mission, Scenario};

    use super::*;

    /// Sums of a few binary fractions.
    const EXACT: f64 = 1e-12;

    fn rewards(rewards: &[f64]) -> Vec<Transition> {
        let mission = Mission::new(Scenario::reference(), None).unwrap();
        let start = mission.initial_state(crate::mission::Seed(1), 0);
        let arrival = mission.advance(&start.relative, Action::NONE);
        let transition = |(step, reward): (usize, &f64)| Transition {
            step: step as u32 + 1,
            action: Action::NONE,
            reward: *reward,
            entropy_before_nats: 0.0,
            entropy_after_nats: 0.0,
            relative: arrival.relative,
            position_rtn_m: arrival.position_rtn_m,
            dv_rtn_m_s: Default::default(),
            ray_hits: 0,
            ray_passes: 0,
            closest_range_m: 0.0,
        };
        rewards.iter().enumerate().map(transition).collect()
    }

    #[test]
    fn returns_discount_what_came_after_each_step() {
        assert_eq!(returns(&rewards(&[1.0, 2.0, 4.0]), 0.5, None), [3.0, 4.0, 4.0]);
        assert!(returns(&[], 0.5, None).is_empty());
    }

    #[test]
    fn returns_within_a_horizon_leave_out_what_lies_beyond() {
        let within = returns(&rewards(&[1.0, 2.0, 4.0, 8.0]), 0.5, Some(2));
        for (value, by_hand) in within.iter().zip([2.0, 4.0, 8.0, 8.0]) {
            assert!((value - by_hand).abs() < EXACT, "{within:?}");
        }
    }
}
