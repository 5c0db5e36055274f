use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::system::Query;

use crate::episode::components::{EpisodePlanner, PictureChange};
use crate::episode::failure::{EpisodePhase, pass};
use crate::episode::meter::Meter;
use crate::episode::network::{Demand, Doubt, NetworkEvent, NetworkPlanner, OpenNetwork};
use crate::episode::run::Run;
use crate::episode::systems::deciding::{Deciding, DecidingItem, deciding};
use crate::episode::trees::Trees;
use crate::episode::workers::{JobFault, Workers};
use crate::mission::Mission;
use crate::network::{EvaluationBatch, NetworkError};
use crate::search::{AlphaZeroConfig, AlphaZeroSearch, AlphaZeroWalker, Exploration, WorkTimes};
use crate::threads::guarded;

/// Runs the searches that consult a network.
///
/// Episodes are dealt to cohorts by their slots. While some cohorts' leaves are at the network, the workers walk the trees
/// of another, so that neither waits. A batch that is still out when the tick's allowance is used up comes back
/// in a later tick. What a search decides depends on its episode and the network alone, unless walks of its tree run at
/// the same time.
pub fn consult(
    mut run: ResMut<Run>,
    trees: Res<Trees>,
    mut planner: ResMut<NetworkPlanner>,
    mut workers: ResMut<Workers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<Deciding>,
) {
    let start = Instant::now();
    let begins = run.settings.search.planner.needs_network();
    let mut all = deciding(&mut episodes, run.paused, start, |planner| match planner {
        EpisodePlanner::Consulting { .. } => true,
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
    let consulted = open(&mut planner, &mut run, &mission, leaves, deadline).and_then(|network| {
        let Some(network) = network else { return Ok(Done::default()) };
        all.retain(|episode| network.reads(&episode.mission.mission));
        let config = run.settings.search.with_network();
        let shift = Shift { config: &config, trees: &trees, deadline };
        shift.run(network, &mut workers, &mut all)
    });
    match consulted {
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
        EpisodePlanner::Consulting { search, .. } => Some(search.most_leaves_in_flight()),
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

struct Shift<'a> {
    config: &'a AlphaZeroConfig,
    trees: &'a Trees,
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
        let mut done = Done::default();
        let cohorts = network.batches.len();
        loop {
            for _ in 0..cohorts {
                let cohort = network.next_cohort;
                let Some(backed_up) = take_back(network, cohort, episodes, self.deadline)? else { return Ok(done) };
                done.simulations += backed_up;
                let mut members: Vec<&mut DecidingItem> =
                    episodes.iter_mut().filter(|episode| episode.episode.slot as usize % cohorts == cohort).collect();
                done.work += self.walk(workers, &mut members);
                send(network, workers, cohort, &mut members)?;
                network.next_cohort = (cohort + 1) % cohorts;
            }
            let decided = episodes.iter().any(|episode| matches!(*episode.planner, EpisodePlanner::Decided(_)));
            if decided || Instant::now() >= self.deadline {
                return Ok(done);
            }
        }
    }

    /// Walks every member's trees to their next leaves, or to the decision. Workers share out walks, not episodes: a
    /// search that has several trees, or several walks under way on one, keeps several workers busy.
    fn walk(&self, workers: &mut Workers, members: &mut [&mut DecidingItem]) -> WorkTimes {
        let idle = members.iter_mut().filter(|episode| matches!(*episode.planner, EpisodePlanner::Idle));
        share(workers, idle, |episode| {
            episode.pass("begin");
            *episode.planner = self.begin(episode);
        });

        let walks = members.iter_mut().enumerate().flat_map(|(place, episode)| {
            let (number, step) = (episode.episode.number, episode.state.0.step);
            walks_of(episode).map(move |(mission, walker)| (place, number, step, mission, walker))
        });
        let walks: VecDeque<_> = walks.collect();
        let places: Vec<usize> = walks.iter().map(|(place, ..)| *place).collect();
        let faults =
            workers.share(walks, &AtomicBool::new(false), |scratch, (_, number, step, mission, mut walker)| {
                pass("walk", mission.scenario(), number, step);
                let (caster, observation) = scratch.instruments(mission);
                walker.walk(mission, caster, observation);
            });
        fail(members, &places, faults, EpisodePhase::Search);

        let mut work = WorkTimes::default();
        for episode in members.iter_mut() {
            if let EpisodePlanner::Consulting { search, out } = &mut *episode.planner {
                search.take_leaves(out);
                work += search.take_work_times();
            }
        }
        let done = members.iter_mut().filter(|episode| match &*episode.planner {
            EpisodePlanner::Consulting { out, .. } => out.is_empty(),
            _ => false,
        });
        share(workers, done, |episode| {
            episode.pass("decide");
            self.decide(&mut episode.planner);
        });
        work
    }

    fn begin(&self, episode: &mut DecidingItem) -> EpisodePlanner {
        episode.adopt_next_mission();
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

/// Ends the members whose jobs have panicked; `places` says whose the jobs were.
fn fail(members: &mut [&mut DecidingItem], places: &[usize], faults: Vec<JobFault>, phase: EpisodePhase) {
    for fault in faults {
        members[places[fault.job]].planner.fail(phase, fault.reason);
    }
}

/// Does a part of the search of each of some episodes, on whichever worker is free. One that panics ends its episode.
fn share<'a, 'b: 'a, 'q: 'b, 's: 'b>(
    workers: &mut Workers,
    episodes: impl Iterator<Item = &'a mut &'b mut DecidingItem<'q, 's>>,
    work: impl Fn(&mut DecidingItem) + Sync,
) {
    let mut episodes: Vec<_> = episodes.collect();
    let jobs: VecDeque<_> = episodes.iter_mut().collect();
    let faults = workers.share(jobs, &AtomicBool::new(false), |_, episode| work(episode));
    for fault in faults {
        episodes[fault.job].planner.fail(EpisodePhase::Search, fault.reason);
    }
}

/// The walks of an episode that waits for no value.
fn walks_of<'a>(episode: &'a mut DecidingItem) -> impl Iterator<Item = (&'a Mission, AlphaZeroWalker<'a>)> {
    let mission = &*episode.mission.mission;
    let search = match &mut *episode.planner {
        EpisodePlanner::Consulting { search, out } if out.is_empty() => Some(search),
        _ => None,
    };
    if search.is_some() {
        episode.picture.touch(PictureChange::Status);
    }
    search.into_iter().flat_map(move |search| search.walkers().map(move |walker| (mission, walker)))
}

/// Waits for a cohort's batch, if it is out, and backs its values up. Leaves of episodes that have gone meanwhile are
/// forgotten; an episode whose leaves cannot be evaluated or backed up has failed. Returns the number of values backed up,
/// or `None` if the batch is not back when the tick's time is up.
fn take_back(
    network: &mut OpenNetwork,
    cohort: usize,
    episodes: &mut [DecidingItem],
    deadline: Instant,
) -> Result<Option<u64>, NetworkError> {
    if network.batches[cohort].at_network.is_none() {
        return Ok(Some(0));
    }
    // Batches come back in the order in which they were sent, which is that of the cohorts' turns.
    let Some(finished) = network.thread.receive_by(deadline)? else { return Ok(None) };
    let owners = network.batches[cohort].at_network.take().unwrap_or_default();
    if finished.faults.is_empty() {
        finished.result?;
    }
    let mut first = 0;
    let mut backed_up = 0;
    for (entity, count) in owners {
        let leaves = first..first + count;
        let own = &finished.batch.evaluations()[leaves.clone()];
        first = leaves.end;
        let Some(episode) = episodes.iter_mut().find(|episode| episode.entity == entity) else { continue };
        let EpisodePlanner::Consulting { search, out } = &mut *episode.planner else { continue };
        if let Some(fault) = finished.faults.iter().find(|fault| leaves.contains(&fault.leaf)) {
            episode.planner.fail(EpisodePhase::Evaluation, fault.reason.clone());
            continue;
        }
        let (mission, number, step) = (&episode.mission.mission, episode.episode.number, episode.state.0.step);
        let applied = guarded(|| {
            pass("apply", mission.scenario(), number, step);
            for (leaf, evaluation) in out.drain(..).zip(own) {
                let value = network.encoder.value(mission, &search.tree_of(leaf), leaf.node, evaluation);
                search.apply(leaf, value);
            }
        });
        match applied {
            Ok(()) => backed_up += count as u64,
            Err(reason) => episode.planner.fail(EpisodePhase::Evaluation, reason),
        }
    }
    network.batches[cohort].batch = Some(finished.batch);
    Ok(Some(backed_up))
}

/// Lets the workers write a cohort's leaves into their rows, and sends them to the network.
fn send(
    network: &mut OpenNetwork,
    workers: &mut Workers,
    cohort: usize,
    members: &mut [&mut DecidingItem],
) -> Result<(), NetworkError> {
    let mut owners = Vec::new();
    let mut leaves = 0;
    for episode in members.iter() {
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
    let mut jobs = VecDeque::with_capacity(leaves);
    let mut places = Vec::with_capacity(leaves);
    for (place, episode) in members.iter().enumerate() {
        let EpisodePlanner::Consulting { search, out } = &*episode.planner else { continue };
        jobs.extend(out.iter().zip(&mut rows).map(|(&leaf, row)| (&**episode, search, leaf, row)));
        places.resize(jobs.len(), place);
    }
    let encoder = &network.encoder;
    let faults = workers.share(jobs, &AtomicBool::new(false), |_, (episode, search, leaf, row)| {
        episode.pass("write");
        encoder.write(&episode.mission.mission, &search.tree_of(leaf), leaf.node, row);
    });
    fail(members, &places, faults, EpisodePhase::Evaluation);
    place.at_network = Some(owners);
    network.thread.submit(cohort as u64, batch)
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
