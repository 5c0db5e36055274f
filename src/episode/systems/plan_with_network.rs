use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::entity::Entity;
use bevy::ecs::system::Query;

use crate::episode::components::{EpisodePlanner, PictureChange};
use crate::episode::meter::Meter;
use crate::episode::network::{Demand, Doubt, NetworkEvent, NetworkPlanner, OpenNetwork};
use crate::episode::run::Run;
use crate::episode::systems::deciding::{Deciding, DecidingItem, deciding};
use crate::episode::trees::EpisodeTrees;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::{EpisodePhase, SearchOwner, Searching, TreePool, Workers, walk_all};
use crate::mission::Mission;
use crate::network::{LeafEncoder, NetworkError};
use crate::search::{AlphaZeroConfig, AlphaZeroSearch, Exploration, WorkTimes};

/// Runs the searches with a network.
///
/// Episodes are dealt to cohorts by their slots. While some cohorts' leaves are at the network, the workers walk the trees
/// of another, so that neither waits. A batch that is still out when the tick's allowance is used up comes back
/// in a later tick. What a search decides depends on its episode and the network alone, unless walks of its tree run at
/// the same time.
pub fn plan_with_network(
    mut run: ResMut<Run>,
    trees: Res<EpisodeTrees>,
    mut planner: ResMut<NetworkPlanner>,
    mut workers: ResMut<EpisodeWorkers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<Deciding>,
) {
    let start = Instant::now();
    let begins = run.settings.search.planner.needs_network();
    let mut all = deciding(&mut episodes, run.paused, start, |planner| match planner {
        EpisodePlanner::SearchingWithNetwork(_) => true,
        EpisodePlanner::Idle => begins,
        _ => false,
    });
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|episode| episode.episode.slot);
    let deadline = start + run.settings.tick_allowance;
    // A changed grid waits for the next episodes: until the last of the old ones has ended, the new ones wait for it.
    let oldest = all.iter().min_by_key(|episode| episode.episode.number).map(|oldest| oldest.mission.mission.clone());
    let Some(mission) = oldest else { return };
    let leaves = most_leaves_in_flight(&run, &all);
    let done = open(&mut planner, &mut run, &mission, leaves, deadline).and_then(|network| {
        let Some(network) = network else { return Ok(Done::default()) };
        all.retain(|episode| network.reads(&episode.mission.mission));
        let config = run.settings.search.with_network();
        let shift = Shift { config: &config, trees: &trees, deadline };
        shift.run(network, &mut workers, &mut all)
    });
    match done {
        Ok(Done { simulations, work }) => {
            meter.count.simulations += simulations;
            meter.work += work;
        }
        Err(error) => {
            // Planning on without the network would be another planner than the one that was chosen.
            run.notices.error(format!("paused: {error}"));
            run.paused = true;
            // It is opened anew when the run goes on; leaves that were out are sent again.
            planner.close();
        }
    }
}

/// Most leaves of one episode that are out at the same time. Searches that began under other settings may have more
/// leaves out than those that begin now.
fn most_leaves_in_flight(run: &Run, episodes: &[DecidingItem]) -> usize {
    let begun = episodes.iter().filter_map(|episode| match &*episode.planner {
        EpisodePlanner::SearchingWithNetwork(search) => Some(search.search().most_leaves_in_flight()),
        _ => None,
    });
    begun.fold(run.settings.search.parallel.mode().leaves_in_flight(), usize::max)
}

/// The network of the current settings, if it is ready before the tick's time is up; tells the user what is new about it.
fn open<'a>(
    planner: &'a mut NetworkPlanner,
    run: &mut Run,
    mission: &Mission,
    leaves: usize,
    deadline: Instant,
) -> Result<Option<&'a mut OpenNetwork>, NetworkError> {
    let settings = run.settings.clone();
    let demand = Demand { episodes: settings.episodes as usize, leaves };
    let patience = deadline.saturating_duration_since(Instant::now());
    let opened = planner.open(&settings.network, mission, settings.seed, demand, patience)?;
    let Some((network, event)) = opened else { return Ok(None) };
    if event == Some(NetworkEvent::Opened) {
        run.notices.info(format!("network on {}: {}", network.choice.device, network.choice.reason));
    }
    if event.is_some() && !network.is_trained() {
        run.notices.warning("the network is untrained: it knows nothing yet".into());
    }
    match network.take_doubt(mission.scenario()) {
        Some(Doubt::Outside(text)) => run.notices.warning(text),
        Some(Doubt::Unknown(text)) => run.notices.info(text),
        None => {}
    }
    for warning in network.take_warnings() {
        run.notices.warning(warning);
    }
    Ok(Some(network))
}

/// What a tick has done.
#[derive(Default)]
struct Done {
    simulations: u64,
    work: WorkTimes,
}

/// An episode as the exchange sees it.
struct Member<'a, 'q, 's> {
    episode: &'a mut DecidingItem<'q, 's>,
    encoder: &'a LeafEncoder,
}

impl SearchOwner for Member<'_, '_, '_> {
    type Key = Entity;

    fn key(&self) -> Entity {
        self.episode.entity
    }

    fn searching(&mut self) -> Option<Searching<'_>> {
        let DecidingItem { mission, planner, episode, state, .. } = &mut *self.episode;
        let EpisodePlanner::SearchingWithNetwork(search) = &mut **planner else { return None };
        let (number, step) = (episode.number, state.0.step);
        Some(Searching { mission: &mission.mission, encoder: self.encoder, search, number, step })
    }

    fn fail(&mut self, phase: EpisodePhase, reason: String) {
        self.episode.planner.fail(phase, reason);
    }
}

struct Shift<'a> {
    config: &'a AlphaZeroConfig,
    trees: &'a TreePool,
    deadline: Instant,
}

impl Shift<'_> {
    /// Lets the cohorts take turns until the time is up or an episode has nothing left to decide.
    fn run(
        &self,
        network: &mut OpenNetwork,
        workers: &mut Workers,
        episodes: &mut [DecidingItem],
    ) -> Result<Done, NetworkError> {
        let OpenNetwork { thread, encoder, exchange, .. } = network;
        let mut done = Done::default();
        let cohorts = exchange.cohorts();
        loop {
            for _ in 0..cohorts {
                let cohort = exchange.turn();
                let members = episodes.iter_mut().filter(|episode| episode.episode.slot as usize % cohorts == cohort);
                let mut members = members.map(|episode| Member { episode, encoder }).collect();
                let advance = |workers: &mut Workers, members: &mut Vec<Member>| {
                    done.work += self.advance(workers, members);
                    Ok::<(), NetworkError>(())
                };
                let turn = exchange.take_turn(&mut &*thread, workers, &mut members, Some(self.deadline), advance)?;
                let Some(turn) = turn else { return Ok(done) };
                done.simulations += turn.backed_up as u64;
            }
            let decided = episodes.iter().any(|episode| matches!(*episode.planner, EpisodePlanner::Decided(_)));
            if decided || Instant::now() >= self.deadline {
                return Ok(done);
            }
        }
    }

    /// Walks every member's trees to their next leaves, or to the decision.
    fn advance(&self, workers: &mut Workers, members: &mut [Member]) -> WorkTimes {
        let idle = |episode: &DecidingItem| matches!(*episode.planner, EpisodePlanner::Idle);
        share(workers, members, idle, |Member { episode, .. }| {
            episode.pass("begin");
            *episode.planner = self.begin(episode);
        });
        for Member { episode, .. } in members.iter_mut().filter(|member| has_no_pending_leaves(member.episode)) {
            episode.picture.touch(PictureChange::Status);
        }
        let work = walk_all(workers, members);
        share(workers, members, has_no_pending_leaves, |Member { episode, encoder }| {
            episode.pass("decide");
            self.decide(episode, encoder);
        });
        work
    }

    fn begin(&self, episode: &mut DecidingItem) -> EpisodePlanner {
        episode.adopt_next_mission();
        let (mission, state) = (&episode.mission.mission, &episode.state.0);
        let search = AlphaZeroSearch::begin(mission, state, self.config, Exploration::Off, self.trees.take());
        EpisodePlanner::SearchingWithNetwork(search.into())
    }

    fn decide(&self, episode: &mut DecidingItem, encoder: &LeafEncoder) {
        if let EpisodePlanner::SearchingWithNetwork(search) = std::mem::take(&mut *episode.planner) {
            let (decided, tree) = episode.recording.decide(search, &episode.mission.mission, encoder);
            self.trees.give_back(tree);
            *episode.planner = EpisodePlanner::Decided(decided.decision);
        }
    }
}

/// Whether it searches and waits for no value.
fn has_no_pending_leaves(episode: &DecidingItem) -> bool {
    matches!(&*episode.planner, EpisodePlanner::SearchingWithNetwork(search) if search.pending().is_empty())
}

/// Does a part of the search of each of those episodes, on whichever worker is free. One that panics ends its episode.
fn share(
    workers: &mut Workers,
    members: &mut [Member],
    those: impl Fn(&DecidingItem) -> bool,
    work: impl Fn(&mut Member) + Sync,
) {
    let mut chosen: Vec<_> = members.iter_mut().filter(|member| those(member.episode)).collect();
    let faults = workers.share(chosen.iter_mut().collect(), |_, member| work(member));
    for fault in faults {
        chosen[fault.job].fail(EpisodePhase::Search, fault.reason);
    }
}

#[cfg(test)]
mod tests {
    use crate::episode::test_support::small_settings as settings;
    use crate::episode::{EpisodeSettings, Simulation};
    use crate::mission::Transition;
    use crate::search::PlannerKind;

    fn flown(settings: EpisodeSettings) -> Vec<Vec<Transition>> {
        let mut simulation = Simulation::new(settings).unwrap();
        simulation.run_to_end();
        assert!(simulation.is_finished());
        simulation.snapshot().episodes.iter().map(|episode| episode.transitions.to_vec()).collect()
    }

    #[test]
    fn episodes_with_a_network_are_the_same_for_any_workers_any_tick_and_alone() {
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
