//! Why the focused episode's planner chose its burn: visits and values of the 13 actions, and the size of the tree.

use bevy_egui::egui::{Grid, RichText, Ui, vec2};

use crate::mission::{Action, ActionSet};
use crate::panel::action_table::action_table;
use crate::panel::figures;
use crate::panel::labelled::figure;
use crate::panel::theme::{Palette, tooltip};
use crate::search::{Knowledge, PlannerKind, SearchConfig, SearchSummary};
use crate::view::ColourMap;

/// What must stand wherever the oracle's results are shown or chosen.
pub const ORACLE_CAUTION: &str = "knows the true shape";

/// What the inspector needs besides the search itself.
#[derive(Clone, Copy, Debug)]
pub struct SearchInspector<'a> {
    /// How decisions are made.
    pub config: &'a SearchConfig,
    /// The burns the actions stand for.
    pub actions: &'a ActionSet,
    /// Colours of the values, the same as those of the candidates in the 3D view.
    pub value_colours: ColourMap,
    /// The burn that was flown after the search; `None` takes the most visited one.
    pub flown: Option<Action>,
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
            tree_figures(ui, summary, config.planner.needs_network());
        }
        None => {
            ui.weak(match config.planner {
                PlannerKind::Mcts | PlannerKind::AlphaZero => "The first decision is still being searched for.",
                PlannerKind::NetworkOnly => "The network has not been asked yet.",
                PlannerKind::Passive => "The passive planner never burns and searches nothing.",
                PlannerKind::Random => "The random planner draws its burns and searches nothing.",
            });
        }
    }
}

/// One line that says that the oracle knows what no planner can.
pub fn oracle_banner(ui: &mut Ui) {
    let text = RichText::new(format!("Oracle {ORACLE_CAUTION}")).color(Palette::of(ui).caution);
    let response = ui.label(text);
    tooltip(ui, &response, || {
        "No real planner knows the true shape. Its results bound what knowledge could gain and are never a planner's results."
            .to_owned()
    });
}

/// The action with the most visits, ties to the earlier one: what `mcts` and PUCT fly.
pub fn chosen_action(summary: &SearchSummary) -> Option<usize> {
    let most = summary.visits.iter().copied().max().filter(|&visits| visits > 0)?;
    summary.visits.iter().position(|&visits| visits == most)
}

fn tree_figures(ui: &mut Ui, summary: &SearchSummary, with_network: bool) {
    let own = figures::reward(summary.own_value.into());
    let search = figures::reward(summary.root_value.into());
    let own_help = "What the network alone expected at the root, before any burn was tried: discounted reward.";
    let search_help = "What the search expected at the root: mean discounted reward of its simulations.";
    // Two figures a row and three rows for every planner, so that nothing below moves when another is chosen.
    Grid::new("proxops_tree_figures").num_columns(4).spacing(vec2(8.0, 3.0)).show(ui, |ui| {
        figure(ui, if with_network { "search value" } else { "root value" }, &search, search_help);
        if with_network {
            figure(ui, "network value", &own, own_help);
        }
        ui.end_row();
        figure(ui, "simulations", &figures::count(summary.simulations.into()), "Walks from the root to a leaf.");
        figure(ui, "tree nodes", &figures::count(summary.tree_nodes.into()), "Situations met, the root included.");
        ui.end_row();
        figure(ui, "depth", &format!("{} steps", summary.depth), "Steps from the root to the deepest node.");
        ui.end_row();
    });
}

/// A summary of a search that visited nothing.
#[cfg(test)]
pub(super) fn nothing_searched() -> SearchSummary {
    SearchSummary {
        root_value: 0.0,
        own_value: 0.0,
        simulations: 0,
        visits: [0; Action::COUNT],
        q: [0.0; Action::COUNT],
        priors: [0.0; Action::COUNT],
        best_path: Vec::new(),
        candidates: Vec::new(),
        tree_nodes: 0,
        depth: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_visits_choose_and_no_visit_chooses_nothing() {
        let mut summary = nothing_searched();
        assert_eq!(chosen_action(&summary), None);
        summary.visits[3] = 2;
        summary.visits[5] = 2;
        assert_eq!(chosen_action(&summary), Some(3));
    }
}
