use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::entity::Entity;
use bevy::ecs::query::QueryData;
use bevy::ecs::system::Query;

use crate::episode::components::{
    Episode, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState, PictureChange,
};
use crate::episode::meter::Meter;
use crate::episode::network::{COHORTS, NetworkEvent, NetworkPlanner, OpenNetwork};
use crate::episode::run::Run;
use crate::episode::systems::plan::may_decide;
use crate::episode::trees::Trees;
use crate::episode::workers::{Scratch, Workers};
use crate::mission::Mission;
use crate::network::{EvaluationBatch, NetworkError};
use crate::search::{AlphaZeroConfig, AlphaZeroSearch, Exploration};

#[derive(QueryData)]
#[query_data(mutable)]
pub struct Consulting {
    entity: Entity,
    episode: &'static Episode,
    mission: &'static mut EpisodeMission,
    state: &'static EpisodeState,
    planner: &'static mut EpisodePlanner,
    pace: &'static EpisodePace,
    picture: &'static mut EpisodePicture,
}

/// Runs the searches that consult a network.
///
/// Episodes are dealt to two cohorts by their slots. While one cohort's leaves are at the network, the workers walk the
/// trees of the other, so that neither waits. A batch that is still out when the tick's allowance is used up comes back
/// in a later tick. What a search decides depends on its episode and the network alone.
pub fn consult(
    mut run: ResMut<Run>,
    trees: Res<Trees>,
    mut planner: ResMut<NetworkPlanner>,
    mut workers: ResMut<Workers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<Consulting>,
) {
    let start = Instant::now();
    let begins = run.settings.search.planner.needs_network();
    let mut all: Vec<_> = episodes
        .iter_mut()
        .filter(|episode| may_decide(&episode.planner, episode.pace, run.paused, start))
        .filter(|episode| match *episode.planner {
            EpisodePlanner::Consulting { .. } => true,
            EpisodePlanner::Idle => begins,
            _ => false,
        })
        .collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|episode| episode.episode.slot);
    let deadline = start + run.settings.tick_allowance;
    // A changed grid waits for the next episodes: until the last of the old ones has ended, the new ones wait for it.
    let oldest = all.iter().min_by_key(|episode| episode.episode.number).map(|oldest| oldest.mission.mission.clone());
    let Some(mission) = oldest else { return };
    let consulted = open(&mut planner, &mut run, &mission, deadline).and_then(|network| {
        let Some(network) = network else { return Ok(0) };
        all.retain(|episode| network.reads(&episode.mission.mission));
        let config = run.settings.search.with_network();
        let shift = Shift { config: &config, trees: &trees, deadline };
        shift.run(network, &mut workers, &mut all)
    });
    match consulted {
        Ok(simulations) => meter.count.simulations += simulations,
        Err(error) => {
            // Planning on without the network would be another planner than the one that was chosen.
            run.notices.error(format!("paused: {error}"));
            run.paused = true;
        }
    }
}

/// The network of the current settings, if it is ready before the tick's time is up; tells the user what is new about it.
fn open<'a>(
    planner: &'a mut NetworkPlanner,
    run: &mut Run,
    mission: &Mission,
    deadline: Instant,
) -> Result<Option<&'a mut OpenNetwork>, NetworkError> {
    let settings = run.settings.clone();
    let leaves = settings.search.alpha_zero.leaves_in_flight;
    let largest = (settings.episodes as usize).div_ceil(COHORTS) * leaves;
    let patience = deadline.saturating_duration_since(Instant::now());
    let opened = planner.open(&settings.network, mission, settings.seed, largest, patience)?;
    let Some((network, event)) = opened else { return Ok(None) };
    if event == Some(NetworkEvent::Opened) {
        run.notices.info(format!("network on {}: {}", network.choice.device, network.choice.reason));
    }
    if event.is_some() && !network.is_trained() {
        run.notices.warning("the network is untrained: it knows nothing yet".into());
    }
    for warning in network.take_warnings() {
        run.notices.warning(warning);
    }
    Ok(Some(network))
}

struct Shift<'a> {
    config: &'a AlphaZeroConfig,
    trees: &'a Trees,
    deadline: Instant,
}

impl Shift<'_> {
    /// Lets the cohorts take turns until the time is up or an episode has nothing left to decide. Returns the
    /// simulations done.
    fn run(
        &self,
        network: &mut OpenNetwork,
        workers: &mut Workers,
        episodes: &mut [ConsultingItem],
    ) -> Result<u64, NetworkError> {
        let mut simulations = 0;
        loop {
            for cohort in 0..COHORTS {
                simulations += take_back(network, cohort, episodes)?;
                let members: Vec<&mut ConsultingItem> =
                    episodes.iter_mut().filter(|episode| episode.episode.slot as usize % COHORTS == cohort).collect();
                self.walk(workers, members);
                send(network, cohort, episodes)?;
            }
            let decided = episodes.iter().any(|episode| matches!(*episode.planner, EpisodePlanner::Decided(_)));
            if decided || Instant::now() >= self.deadline {
                return Ok(simulations);
            }
        }
    }

    /// Walks every member's tree to its next leaves, or to its decision.
    fn walk(&self, workers: &mut Workers, members: Vec<&mut ConsultingItem>) {
        let jobs: VecDeque<_> = members.into_iter().collect();
        workers.share(jobs, &AtomicBool::new(false), |scratch, episode| self.walk_one(scratch, episode));
    }

    fn walk_one(&self, scratch: &mut Scratch, episode: &mut ConsultingItem) {
        if let EpisodePlanner::Idle = *episode.planner {
            *episode.planner = self.begin(episode);
        }
        let EpisodePlanner::Consulting { search, out } = &mut *episode.planner else { return };
        if !out.is_empty() {
            return;
        }
        episode.picture.touch(PictureChange::Status);
        let mission = &*episode.mission.mission;
        let (caster, observation) = scratch.instruments(mission);
        while let Some(leaf) = search.walk(mission, caster, observation) {
            out.push(leaf);
        }
        if out.is_empty() {
            self.decide(&mut episode.planner);
        }
    }

    fn begin(&self, episode: &mut ConsultingItem) -> EpisodePlanner {
        if let Some(next) = episode.mission.next.take() {
            episode.mission.mission = next;
        }
        let (mission, state) = (&episode.mission.mission, &episode.state.0);
        let search = AlphaZeroSearch::begin(mission, state, self.config, Exploration::Off, self.trees.lend());
        EpisodePlanner::Consulting { search: Box::new(search), out: Vec::new() }
    }

    fn decide(&self, planner: &mut EpisodePlanner) {
        if let EpisodePlanner::Consulting { search, .. } = std::mem::take(planner) {
            let (decided, tree) = search.finish();
            self.trees.take_back(tree);
            *planner = EpisodePlanner::Decided(decided.decision);
        }
    }
}

/// Waits for a cohort's batch, if it is out, and backs its values up. Leaves of episodes that have gone meanwhile are
/// forgotten. Returns the number of values backed up.
fn take_back(network: &mut OpenNetwork, cohort: usize, episodes: &mut [ConsultingItem]) -> Result<u64, NetworkError> {
    let Some(owners) = network.batches[cohort].at_network.take() else { return Ok(0) };
    // Batches come back in the order in which they were sent; the other cohort's may be the first.
    let finished = network.thread.receive()?;
    finished.result?;
    let mut evaluations = finished.batch.evaluations();
    let mut backed_up = 0;
    for (entity, count) in owners {
        let (own, rest) = evaluations.split_at(count);
        evaluations = rest;
        let Some(episode) = episodes.iter_mut().find(|episode| episode.entity == entity) else { continue };
        let EpisodePlanner::Consulting { search, out } = &mut *episode.planner else { continue };
        for (request, evaluation) in out.drain(..).zip(own) {
            let mission = &episode.mission.mission;
            search.apply(network.encoder.value(mission, search.tree(), request.node, evaluation));
            backed_up += 1;
        }
    }
    network.batches[cohort].batch = Some(finished.batch);
    Ok(backed_up)
}

/// Sends a cohort's leaves to the network.
fn send(network: &mut OpenNetwork, cohort: usize, episodes: &[ConsultingItem]) -> Result<(), NetworkError> {
    let mut owners = Vec::new();
    let mut leaves = 0;
    for episode in episodes.iter().filter(|episode| episode.episode.slot as usize % COHORTS == cohort) {
        if let EpisodePlanner::Consulting { out, .. } = &*episode.planner
            && !out.is_empty()
        {
            owners.push((episode.entity, out.len()));
            leaves += out.len();
        }
    }
    if leaves == 0 {
        return Ok(());
    }
    let row_len = network.encoder.row_len();
    let place = &mut network.batches[cohort];
    let mut batch = place.batch.take().unwrap_or_else(|| EvaluationBatch::new(row_len, leaves));
    batch.set_leaves(leaves);
    let mut rows = batch.inputs_mut().chunks_mut(row_len);
    for episode in episodes.iter().filter(|episode| episode.episode.slot as usize % COHORTS == cohort) {
        let EpisodePlanner::Consulting { search, out } = &*episode.planner else { continue };
        for (request, row) in out.iter().zip(&mut rows) {
            network.encoder.write(&episode.mission.mission, search.tree(), request.node, row);
        }
    }
    place.at_network = Some(owners);
    network.thread.submit(cohort as u64, batch)
}

#[cfg(test)]
mod tests {
    use crate::episode::{EpisodeSettings, NetworkSettings, Simulation};
    use crate::mission::{Scenario, Transition};
    use crate::network::NetworkDevice;
    use crate::search::{AlphaZeroConfig, PlannerKind, SearchConfig};

    fn settings(planner: PlannerKind, workers: usize) -> EpisodeSettings {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 8;
        scenario.grid.cells_per_axis = 8;
        scenario.steps = 3;
        let alpha_zero = AlphaZeroConfig { simulations: 9, ..Default::default() };
        let search = SearchConfig { planner, alpha_zero, ..Default::default() };
        let network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
        EpisodeSettings { episodes: 5, workers: Some(workers), network, ..EpisodeSettings::headless(scenario, search) }
    }

    fn flown(settings: EpisodeSettings) -> Vec<Vec<Transition>> {
        let mut simulation = Simulation::new(settings).unwrap();
        simulation.run_to_end();
        assert!(simulation.is_finished());
        simulation.snapshot().episodes.iter().map(|episode| episode.transitions.to_vec()).collect()
    }

    #[test]
    fn consulted_episodes_are_the_same_for_any_workers_any_tick_and_alone() {
        let settings = settings(PlannerKind::AlphaZero, 1);
        let one = flown(settings.clone());
        assert!(one.iter().all(|episode| episode.len() == 3));
        let short = EpisodeSettings { tick_allowance: std::time::Duration::ZERO, ..settings.clone() };
        assert_eq!(flown(short), one);
        assert_eq!(flown(EpisodeSettings { workers: Some(3), ..settings.clone() }), one);
        assert_eq!(flown(settings.only(4)), one[4..]);
    }

    #[test]
    fn the_network_alone_decides_without_a_tree() {
        let mut simulation = Simulation::new(settings(PlannerKind::NetworkOnly, 1)).unwrap();
        simulation.run_to_end();
        for episode in &simulation.snapshot().episodes {
            let search = episode.search.as_ref().unwrap();
            assert_eq!((search.simulations, search.tree_nodes), (1, 1));
            let likeliest = search.priors.iter().copied().fold(0.0, f32::max);
            let action = episode.transitions.last().unwrap().action;
            assert_eq!(search.priors[action.index()], likeliest);
        }
    }

    #[test]
    fn a_network_for_another_grid_pauses_the_run_with_an_error() {
        let mut settings = settings(PlannerKind::AlphaZero, 1);
        let other = crate::network::PolicyValueNetConfig::compact();
        settings.network.weights = crate::network::NetworkWeights::untrained(&other, settings.seed).ok();
        let mut simulation = Simulation::new(settings).unwrap();
        simulation.run_to_end();
        let snapshot = simulation.snapshot();
        assert!(snapshot.paused);
        let text = &snapshot.notices.last().unwrap().text;
        assert!(text.contains("cells_per_axis = 20") && text.contains("8, the mission's grid"), "{text}");
    }
}
