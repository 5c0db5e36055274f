//! The decision problem as a whole: what an episode must satisfy whatever is decided in it.

use proptest::prelude::*;
use proxops_core::mission::{
    Action, EpisodeMetrics, Mission, MissionState, Purpose, Scenario, Seed, StepRefusal, StreamKey, Transition,
};
use proxops_core::orbit::Dynamics;
use proxops_core::sensor::{Observation, RayCaster};

/// The ray caster and image that one worker brings.
struct Instruments {
    caster: RayCaster,
    observation: Observation,
}

impl Instruments {
    fn of(mission: &Mission) -> Self {
        Self {
            caster: RayCaster::new(*mission.grid(), *mission.camera()),
            observation: Observation::new(*mission.grid()),
        }
    }
}

fn reference() -> Mission {
    Mission::new(Scenario::reference(), None).expect("the reference scenario is valid")
}

/// The reference without start spread.
fn nominal() -> Mission {
    let mut scenario = Scenario::reference();
    scenario.start.spread_m = [0.0; 6];
    Mission::new(scenario, None).expect("a valid scenario")
}

/// Where an episode ended and how it got there.
type Flight = (MissionState, Vec<Transition>);

fn fly(mission: &Mission, seed: u64, episode: u32, actions: impl IntoIterator<Item = Action>) -> Flight {
    let Instruments { mut caster, mut observation } = Instruments::of(mission);
    let mut state = mission.begin(Seed(seed), episode, &mut caster, &mut observation);
    let transitions = actions
        .into_iter()
        .take(mission.steps() as usize)
        .map(|action| {
            mission.step(&mut state, action, &mut caster, &mut observation).expect("a step that can be flown")
        })
        .collect();
    (state, transitions)
}

fn passive(mission: &Mission, seed: u64, episode: u32) -> Flight {
    fly(mission, seed, episode, std::iter::repeat(Action::NONE))
}

/// An independent program with the same sensor: 1470 nats after the first image and 130 after 51, means of three seeds.
#[test]
fn passive_reference_flight_learns_what_is_published() {
    let mission = nominal();
    let flights: Vec<_> = (1..=3).map(|seed| passive(&mission, seed, 0)).collect();
    let first = flights.iter().map(|(_, transitions)| transitions[0].entropy_before_nats).sum::<f64>() / 3.0;
    let last = flights.iter().map(|(state, _)| state.belief.entropy_nats()).sum::<f64>() / 3.0;
    // False alarms and misses move single images by tens of nats and the end by a few.
    assert!((first - 1470.0).abs() < 40.0, "{first} nats after the first image");
    assert!((last - 130.4).abs() < 8.0, "{last} nats after 51 images");
}

/// 232 of the 620 occupied voxels touch occupied ones only; every empty one is open to the outside.
#[test]
fn reachable_entropy_leaves_out_the_interior_of_the_target() {
    let mission = reference();
    assert!((mission.initial_entropy_nats() - 5_545.177_444).abs() < 1e-6);
    let expected = (8000.0 - 232.0) * std::f64::consts::LN_2;
    assert!((mission.reachable_entropy_nats() - expected).abs() < 1e-6, "{}", mission.reachable_entropy_nats());
}

#[test]
fn starts_fill_their_spread_and_stay_within_it() {
    let mission = reference();
    let start = mission.scenario().start;
    let a_km = mission.chief().semi_major_axis_km;
    let starts: Vec<[f64; 6]> =
        (0..400).map(|episode| mission.initial_state(Seed(1), episode).relative.roe.to_metres(a_km)).collect();
    for element in 0..6 {
        let offsets = starts.iter().map(|start_m| start_m[element] - start.a_roe_m[element]);
        let (low, high) = offsets.fold((f64::MAX, f64::MIN), |(low, high), offset| (low.min(offset), high.max(offset)));
        let spread_m = start.spread_m[element];
        assert!(-low <= spread_m + 1e-9 && high <= spread_m + 1e-9, "element {element}: {low} to {high}");
        assert!(-low >= 0.95 * spread_m && high >= 0.95 * spread_m, "element {element}: {low} to {high}");
    }
}

#[test]
fn the_first_image_is_taken_before_the_first_decision() {
    let mission = reference();
    let Instruments { mut caster, mut observation } = Instruments::of(&mission);
    let before = mission.initial_state(Seed(3), 5);
    let after = mission.begin(Seed(3), 5, &mut caster, &mut observation);
    assert_eq!(before.relative, after.relative);
    assert_eq!((after.step, after.total_reward, after.dv_spent_m_s), (0, 0.0, 0.0));
    assert!(after.belief.entropy_nats() < before.belief.entropy_nats());
    assert!(observation.total_hits() > 0);
}

#[test]
fn rewards_are_the_published_formula() {
    let mission = reference();
    let (state, transitions) = fly(&mission, 1, 0, Action::ALL);
    let mut total = 0.0;
    for transition in &transitions {
        let drop_nats = transition.entropy_before_nats - transition.entropy_after_nats;
        let expected = drop_nats / mission.initial_entropy_nats() - transition.dv_rtn_m_s.length();
        assert!((transition.reward - expected).abs() < 1e-12, "{transition:?}");
        total += transition.reward;
    }
    assert!((state.total_reward - total).abs() < 1e-12);
    assert!((state.dv_spent_m_s - (6.0 * 0.01 + 6.0 * 0.05)).abs() < 1e-12);
}

#[test]
fn entering_the_keep_out_sphere_costs_and_ends_nothing() {
    let mut scenario = Scenario::reference();
    // The ellipse's R–N plane brings it to 50 m from the target's centre, so a 60 m sphere is entered and left.
    scenario.reward.keep_out_radius_m = 60.0;
    let free = Mission::new(scenario.clone(), None).expect("a valid scenario");
    scenario.reward.keep_out_cost = 0.25;
    let costly = Mission::new(scenario, None).expect("a valid scenario");
    let ((_, free_steps), (state, costly_steps)) = (passive(&free, 1, 0), passive(&costly, 1, 0));
    let mut entered = 0;
    for (free, costly) in free_steps.iter().zip(&costly_steps) {
        let inside = costly.closest_range_m < 60.0;
        entered += u32::from(inside);
        let expected = if inside { 0.25 } else { 0.0 };
        assert!((free.reward - costly.reward - expected).abs() < 1e-12);
    }
    assert!((1..50).contains(&entered), "{entered} steps inside");
    assert_eq!(costly_steps.len(), 50);
    assert!(state.closest_approach_m < 60.0);
}

fn small_body() -> Mission {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bennu.ron");
    Mission::new(Scenario::load(path).expect("a scenario"), None).expect("a valid scenario")
}

/// At 7 cm/s round a small body, a burn of 5 cm/s along the motion is more than the escape speed.
#[test]
fn a_burn_that_leaves_the_central_body_for_ever_is_refused_and_changes_nothing_else() {
    let mission = small_body();
    let Instruments { mut caster, mut observation } = Instruments::of(&mission);
    let mut state = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    let before = state.clone();
    let escape = Action::ALL[7];
    let refusal = mission.step(&mut state, escape, &mut caster, &mut observation).expect_err("leaves for ever");
    assert!(matches!(refusal, StepRefusal::Unbound { eccentricity } if eccentricity >= 1.0), "{refusal:?}");
    assert!(refusal.to_string().contains("for ever"), "{refusal}");
    assert_eq!((state.step, state.relative), (before.step, before.relative));
    assert_eq!((state.refusal, state.is_done(&mission)), (Some(refusal), true));
    let permitted = mission.permitted(&before.relative);
    assert!(permitted[0] && !permitted[escape.index()], "{permitted:?}");
    assert_eq!(EpisodeMetrics::of(&mission, &state, &[]).refusal, Some(refusal.to_string()));
    // Coasting goes on for ever.
    let (_, transitions) = passive(&mission, 1, 0);
    assert!(transitions.iter().all(|transition| transition.position_rtn_m.is_finite()));
}

#[test]
fn a_burn_into_the_central_body_is_refused_with_perigee_and_radius() {
    let mut scenario = Scenario { dynamics: Dynamics::TwoBody, ..Scenario::reference() };
    // 100 m above a body; a burn of 5 cm/s against the motion lowers the perigee by 186 m.
    scenario.chief.eccentricity = 0.0;
    scenario.chief.body_radius_km = Some(6999.75);
    scenario.start.spread_m = [0.0; 6];
    let mission = Mission::new(scenario, None).expect("a valid scenario");
    let Instruments { mut caster, mut observation } = Instruments::of(&mission);
    let mut state = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    let mut end = Ok(());
    for _ in 0..4 {
        end = mission.step(&mut state, Action::ALL[8], &mut caster, &mut observation).map(drop);
        if end.is_err() {
            break;
        }
    }
    let refusal = end.expect_err("lowered far enough");
    assert!(matches!(refusal, StepRefusal::Impact { perigee_km, body_radius_km: 6999.75 } if perigee_km < 6999.75));
    assert!(refusal.to_string().contains("6999.75 km (chief.body_radius_km)"), "{refusal}");
}

/// No scenario leads there; a fault in a model or a host's own state could.
#[test]
fn a_motion_that_is_no_finite_number_is_refused_and_the_servicer_stays() {
    let mission = reference();
    let Instruments { mut caster, mut observation } = Instruments::of(&mission);
    let begun = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut state = begun.clone();
        state.relative.roe.dlambda = number;
        let refusal = mission.step(&mut state, Action::NONE, &mut caster, &mut observation).map(drop);
        assert_eq!(refusal, Err(StepRefusal::MotionNotFinite), "{number}");
        assert_eq!((state.step, state.refusal), (0, Some(StepRefusal::MotionNotFinite)));
        assert_eq!(state.total_reward, begun.total_reward);
    }
}

#[test]
fn a_belief_takes_no_evidence_that_is_not_a_number_and_keeps_any_other_within_its_limits() {
    let mission = reference();
    let Instruments { mut caster, mut observation } = Instruments::of(&mission);
    let begun = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    let voxel = mission.grid().indices().next().expect("a voxel");
    for (change, unchanged) in [(f64::NAN, true), (f64::INFINITY, false), (f64::NEG_INFINITY, false), (1e300, false)] {
        let mut state = begun.clone();
        state.belief.add_log_odds(voxel, change);
        assert_eq!(state.belief == begun.belief, unchanged, "{change}");
        assert!(state.belief.log_odds_slice().iter().all(|log_odds| log_odds.abs() <= 20.0), "{change}");
        let transition = mission.step(&mut state, Action::NONE, &mut caster, &mut observation).expect("a step");
        assert!(transition.reward.is_finite() && state.belief.entropy_nats().is_finite(), "{change}");
    }
}

#[test]
fn nothing_of_the_reference_is_refused() {
    let mission = reference();
    for episode in 0..20 {
        let (state, _) = passive(&mission, 1, episode);
        assert_eq!(mission.permitted(&state.relative), [true; Action::COUNT]);
    }
    // All information, and 50 of the dearest burns.
    assert!((mission.refused_step_cost() - 3.5).abs() < 1e-12);
}

#[test]
fn a_flight_through_the_target_goes_on() {
    let mut scenario = Scenario::reference();
    // Swings 40 m to either side of the chief's orbital plane and through the centre twice an orbit.
    scenario.start.a_roe_m = [0.0, 0.0, 0.0, 0.0, 40.0, 0.0];
    scenario.start.spread_m = [0.0; 6];
    let mission = Mission::new(scenario, None).expect("a start outside the grid");
    let (state, transitions) = passive(&mission, 1, 0);
    assert!(state.closest_approach_m < 1.0, "{} m", state.closest_approach_m);
    assert!(transitions.iter().all(|transition| transition.entropy_after_nats.is_finite()));
}

#[test]
fn metrics_tell_how_soon_and_how_rightly() {
    let mission = nominal();
    let (state, transitions) = passive(&mission, 1, 0);
    let metrics = EpisodeMetrics::of(&mission, &state, &transitions);
    assert_eq!(metrics.steps, 50);
    assert_eq!(metrics.final_entropy_nats, state.belief.entropy_nats());
    assert!((0.98..1.02).contains(&metrics.fraction_of_reachable_entropy), "{metrics:?}");
    let times = [metrics.steps_to_80, metrics.steps_to_90, metrics.steps_to_95];
    assert!(times.is_sorted() && times[2].is_some(), "{times:?}");
    let last = times[2].expect("checked above") as usize;
    let learnt = |transition: &Transition| mission.initial_entropy_nats() - transition.entropy_after_nats;
    assert!(learnt(&transitions[last - 1]) >= 0.95 * mission.reachable_entropy_nats());
    assert!(last == 1 || learnt(&transitions[last - 2]) < 0.95 * mission.reachable_entropy_nats());
    assert!((0.0..0.2).contains(&metrics.area_under_curve), "{metrics:?}");
    // The orbit shows some faces only at a slant: 91 % of the surface with the nominal start.
    assert!((0.85..1.0).contains(&metrics.surface_recall) && metrics.false_alarm_voxels < 20, "{metrics:?}");
    assert_eq!(metrics.dv_spent_m_s, 0.0);
    assert!((49.0..60.0).contains(&metrics.closest_approach_m), "{metrics:?}");
}

#[test]
fn metrics_of_an_episode_without_decisions_are_those_of_its_first_image() {
    let mission = reference();
    let (state, transitions) = fly(&mission, 1, 0, []);
    let metrics = EpisodeMetrics::of(&mission, &state, &transitions);
    let share = state.belief.entropy_nats() / mission.initial_entropy_nats();
    assert_eq!(metrics.steps, 0);
    assert!((metrics.area_under_curve - share).abs() < 1e-12);
}

/// The burns that each shipped scenario's file names as worth their cost.
const WORTHWHILE_BURNS: &[(&str, &[&str])] = &[
    ("standoff_200m", &["R +0.05", "R +0.05", "N +0.05"]),
    ("standoff_400m", &["T +0.05"]),
    ("small_ellipse", &["R +0.05"]),
    ("drifting", &["T +0.05"]),
    ("narrow_fov", &["T +0.05"]),
    ("short_episode", &["R +0.05", "R +0.05", "N +0.05"]),
    ("hidden_dock", &["R -0.05", "R -0.05", "N +0.05"]),
    ("unseen_satellite", &["R +0.05", "R +0.05", "N +0.05"]),
];

#[test]
fn burning_can_pay_in_every_shipped_scenario_but_the_reference() {
    let named: Vec<&str> = WORTHWHILE_BURNS.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, Scenario::EMBEDDED[1..]);
    for (name, labels) in WORTHWHILE_BURNS {
        let mission = Mission::new(Scenario::embedded(name).expect("shipped"), None).expect("valid");
        let by_label = |label: &&str| {
            let action = Action::ALL.into_iter().find(|&action| mission.actions().label(action) == *label);
            action.expect("one of the 13 actions")
        };
        let burns: Vec<Action> = labels.iter().map(by_label).collect();
        for episode in 0..2 {
            let (idle, _) = passive(&mission, 1, episode);
            let plan = burns.iter().copied().chain(std::iter::repeat(Action::NONE));
            let (burned, _) = fly(&mission, 1, episode, plan);
            assert!(burned.belief.entropy_nats() < idle.belief.entropy_nats(), "{name} episode {episode}");
            assert!(burned.total_reward > idle.total_reward, "{name} episode {episode}");
        }
    }
}

fn any_actions() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(prop::sample::select(Action::ALL.to_vec()), 0..12)
}

proptest! {
    // Each case flies whole episodes of images.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_same_decisions_give_the_same_bits(seed: u64, episode: u32, actions in any_actions()) {
        let mission = reference();
        let (one, first) = fly(&mission, seed, episode, actions.clone());
        let (two, second) = fly(&mission, seed, episode, actions);
        prop_assert_eq!(first, second);
        prop_assert_eq!(one.belief, two.belief);
        prop_assert_eq!(one.total_reward.to_bits(), two.total_reward.to_bits());
    }

    /// Instruments are scratch: what they did before leaves no trace.
    #[test]
    fn used_instruments_give_the_same_bits(seed: u64, actions in any_actions()) {
        let mission = reference();
        let (fresh, _) = fly(&mission, seed, 0, actions.clone());
        let Instruments { mut caster, mut observation } = Instruments::of(&mission);
        mission.begin(Seed(!seed), 9, &mut caster, &mut observation);
        let mut used = mission.begin(Seed(seed), 0, &mut caster, &mut observation);
        for action in actions {
            mission.step(&mut used, action, &mut caster, &mut observation).expect("a step that can be flown");
        }
        prop_assert_eq!(used.belief, fresh.belief);
    }

    #[test]
    fn entropy_is_never_negative_and_is_what_its_belief_says(seed: u64, actions in any_actions()) {
        let mission = reference();
        let (state, transitions) = fly(&mission, seed, 0, actions);
        for transition in &transitions {
            prop_assert!(transition.entropy_after_nats >= 0.0);
        }
        let recomputed = state.belief.recompute_entropy_nats();
        prop_assert!((state.belief.entropy_nats() - recomputed).abs() < 1e-6);
    }

    /// A burn changes where the servicer goes, not which random numbers its sensor draws.
    #[test]
    fn sensor_noise_belongs_to_the_step_and_not_to_its_history(seed: u64, episode: u32, step: u32) {
        use rand::Rng;
        let key = StreamKey { seed: Seed(seed), episode, step, simulation: 0, purpose: Purpose::Sensor };
        let other = StreamKey { purpose: Purpose::Start, ..key };
        prop_assert_eq!(key.rng().next_u64(), key.rng().next_u64());
        prop_assert_ne!(key.rng().next_u64(), other.rng().next_u64());
    }
}
