//! Steps that cannot be flown: planners avoid them, and an episode that cannot go on says why.

use std::path::Path;

use bevy_proxops::episode::{EpisodeSettings, EpisodeStatus, NetworkSettings, NoticeSeverity};
use bevy_proxops::network::NetworkDevice;
use bevy_proxops::orbit::Dynamics;
use bevy_proxops::prelude::*;
use bevy_proxops::search::AlphaZeroConfig;
use bevy_proxops::shape::{ModelFit, ObjectChoice, TargetShape};

use crate::support::{fly, small_settings};

/// The small body of `crates/proxops_core/tests/cases/bennu.ron`, which large burns leave for ever.
fn small_body(planner: PlannerKind, simulations: u32) -> EpisodeSettings {
    let mut settings = small_settings(planner);
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/proxops_core/tests/cases/bennu.ron");
    let case = Scenario::load(case).expect("a scenario");
    settings.scenario = Scenario { chief: case.chief, start: case.start, dynamics: case.dynamics, ..settings.scenario };
    settings.scenario.step_s = case.step_s;
    settings.search.simulations = simulations;
    settings.search.alpha_zero = AlphaZeroConfig { simulations: 10, ..Default::default() };
    settings.network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
    settings.episodes = 8;
    settings
}

#[test]
fn no_planner_chooses_a_step_that_cannot_be_flown_while_another_can() {
    let kinds = [
        PlannerKind::Passive,
        PlannerKind::Random,
        PlannerKind::Mcts,
        PlannerKind::AlphaZero,
        PlannerKind::NetworkOnly,
    ];
    // With few simulations the tree knows next to nothing of most actions.
    for (planner, simulations) in
        kinds.into_iter().map(|planner| (planner, 60)).chain([(PlannerKind::Mcts, 1), (PlannerKind::Mcts, 5)])
    {
        let snapshot = fly(small_body(planner, simulations));
        for episode in &snapshot.episodes {
            assert_eq!(episode.status, EpisodeStatus::Finished, "{planner}: {:?}", episode.metrics.refusal);
            assert!(episode.states.iter().all(|state| state.position_rtn_m.is_finite()), "{planner}");
            assert!(episode.metrics.total_reward.is_finite() && episode.entropy_nats.is_finite(), "{planner}");
        }
    }
}

/// The search itself avoids them: they get no more visits than a first look, though oracle images would pay.
#[test]
fn a_search_learns_that_refused_steps_are_dear() {
    let mut settings = small_body(PlannerKind::Mcts, 400);
    settings.search.knowledge = Knowledge::Oracle;
    settings.scenario.steps = 1;
    for episode in &fly(settings).episodes {
        let search = episode.search.as_ref().expect("a search");
        // Index 7 is the large burn along the motion.
        assert!(search.q[7] < -0.9 && search.q[0] > -0.5, "{:?}", search.q);
        assert!(search.visits[7] < search.visits[0], "{:?}", search.visits);
    }
}

#[test]
fn an_episode_without_any_step_ends_with_its_reason_and_the_others_go_on() {
    let mut settings = small_settings(PlannerKind::Mcts);
    // The chief passes 0.5 km above the body. Starts vary by 1 km in eccentricity, so that some lie too low.
    settings.scenario.dynamics = Dynamics::TwoBody;
    settings.scenario.chief.body_radius_km = Some(6992.5);
    settings.scenario.start.spread_m = [0.0, 0.0, 1000.0, 0.0, 0.0, 0.0];
    settings.scenario.start.a_roe_m = [0.0, 6000.0, 0.0, 0.0, 0.0, 0.0];
    settings.episodes = 16;
    let snapshot = fly(settings);
    assert!(snapshot.is_finished());
    let (refused, flown): (Vec<_>, Vec<_>) =
        snapshot.episodes.iter().partition(|episode| episode.status == EpisodeStatus::Refused);
    assert!(!refused.is_empty() && !flown.is_empty(), "{} of 16", refused.len());
    for episode in flown {
        assert_eq!((episode.status, episode.step, &episode.metrics.refusal), (EpisodeStatus::Finished, 5, &None));
    }
    for episode in &refused {
        let reason = episode.metrics.refusal.as_deref().expect("a reason");
        assert!(reason.contains("central body") && reason.contains("6992.5 km"), "{reason}");
        assert_eq!((episode.step, episode.states.len(), episode.transitions.len()), (0, 1, 0));
        let text = format!("episode {} ended after step 0: {reason}", episode.number);
        let notice = snapshot.notices.iter().find(|notice| notice.text == text).expect("a notice");
        assert_eq!(notice.severity, NoticeSeverity::Error);
    }
}

#[test]
fn a_target_file_is_described_in_a_notice() {
    let mut settings = small_settings(PlannerKind::Passive);
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/proxops_core/tests/cases/satellite_three_objects.vox");
    settings.scenario.target = TargetShape::Vox { path: case, object: ObjectChoice::Shown, fit: ModelFit::Shrink };
    let snapshot = fly(settings);
    let notice = snapshot.notices.first().expect("a notice");
    assert_eq!(notice.severity, NoticeSeverity::Warning);
    assert!(notice.text.contains("3 objects") && notice.text.contains("3 times smaller"), "{}", notice.text);
}
