//! One episode in flight, which records what it teaches.

use std::sync::Arc;

use crate::flight::{
    EpisodeFailure, EpisodePhase, NetworkSearch, Scratch, SearchOwner, Searching, TreePool, Workers, pass,
};
use crate::mission::{EpisodeMetrics, Mission, MissionState, Transition};
use crate::network::{LeafEncoder, PolicyValueNetConfig};
use crate::search::{AlphaZeroSearch, SearchTree};

use super::error::TrainingError;
use super::samples::{EpisodeRecorder, RootSample};
use super::self_play::{FlightConfig, FlownEpisode};

/// One episode in flight.
pub struct Game<'a> {
    number: u32,
    mission: Arc<Mission>,
    encoder: LeafEncoder,
    config: &'a FlightConfig,
    trees: &'a TreePool,
    state: MissionState,
    /// `None` once the episode is over.
    search: Option<NetworkSearch>,
    recorder: EpisodeRecorder,
    transitions: Vec<Transition>,
    /// What it is at, for whoever hears of a fault.
    phase: EpisodePhase,
    failure: Option<EpisodeFailure>,
    /// Decisions since the last look.
    decided: u64,
}

impl<'a> Game<'a> {
    /// Takes the first image and begins the first search.
    ///
    /// # Errors
    /// [`TrainingError::Network`] if the network reads another grid.
    pub fn begin(
        number: u32,
        mission: Arc<Mission>,
        network: &PolicyValueNetConfig,
        config: &'a FlightConfig,
        trees: &'a TreePool,
        scratch: &mut Scratch,
    ) -> Result<Self, TrainingError> {
        let (caster, observation) = scratch.instruments(&mission);
        let state = mission.begin(config.seed, number, caster, observation);
        pass("first image", mission.scenario(), number, state.step);
        let mut game = Self {
            number,
            encoder: LeafEncoder::new(network, &mission)?,
            config,
            trees,
            search: None,
            recorder: EpisodeRecorder::new(u64::from(number), mission.grid().len()),
            transitions: Vec::with_capacity(mission.steps() as usize),
            phase: EpisodePhase::Search,
            failure: None,
            decided: 0,
            state,
            mission,
        };
        game.begin_search(trees.take());
        Ok(game)
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Steps of its mission.
    pub fn steps(&self) -> u32 {
        self.mission.steps()
    }

    /// Whether all steps are flown, one was refused, or a fault has ended it.
    pub fn is_over(&self) -> bool {
        self.search.is_none()
    }

    /// Decisions since the last call.
    pub fn take_decided(&mut self) -> u64 {
        std::mem::take(&mut self.decided)
    }

    /// Lets all episodes that wait for no value fly on, each on whichever worker is free, until a leaf is pending or the episode
    /// is over. The walks of one search come one after the other, so that they are the same every time.
    pub fn advance_all(workers: &mut Workers, games: &mut [Self]) {
        let waits = |game: &Self| game.search.as_ref().is_none_or(|search| !search.pending().is_empty());
        let mut ready: Vec<&mut Self> = games.iter_mut().filter(|game| !waits(game)).collect();
        let faults = workers.share(ready.iter_mut().collect(), |scratch, game| game.advance(scratch));
        for fault in faults {
            let game = &mut ready[fault.job];
            game.fail(game.phase, fault.reason);
        }
    }

    fn advance(&mut self, scratch: &mut Scratch) {
        while let Some(search) = &mut self.search {
            self.phase = EpisodePhase::Search;
            pass("walk", self.mission.scenario(), self.number, self.state.step);
            let (caster, observation) = scratch.instruments(&self.mission);
            search.walk(&self.mission, caster, observation);
            if !search.pending().is_empty() {
                return;
            }
            if let Err(error) = self.decide_and_step(scratch) {
                self.fail(self.phase, error.to_string());
            }
        }
    }

    /// Takes the decision, records it, and carries it out.
    fn decide_and_step(&mut self, scratch: &mut Scratch) -> Result<(), TrainingError> {
        let Some(search) = self.search.take() else { return Ok(()) };
        self.pass("decide");
        let root = RootSample::of(&search, &self.mission, &self.encoder);
        let (decided, tree) = search.finish();

        self.phase = EpisodePhase::Record;
        self.pass("record");
        root.record(&decided, &mut self.recorder)?;

        self.phase = EpisodePhase::Step;
        let (caster, observation) = scratch.instruments(&self.mission);
        let action = decided.decision.action;
        self.pass("step");
        let flown = self.mission.step(&mut self.state, action, caster, observation);

        self.phase = EpisodePhase::Record;
        match flown {
            Ok(transition) => {
                self.recorder.reward(transition.reward)?;
                self.transitions.push(transition);
            }
            // The episode ends here; the network learns what the search charged for it.
            Err(_) => self.recorder.reward(-self.mission.refused_step_cost())?,
        }
        self.decided += 1;
        self.begin_search(tree);
        Ok(())
    }

    /// Begins the search for the next decision, if there is one to take.
    fn begin_search(&mut self, tree: SearchTree) {
        if self.state.is_done(&self.mission) {
            self.trees.give_back(tree);
            return;
        }
        self.phase = EpisodePhase::Search;
        self.pass("begin");
        let (config, exploration) = (&self.config.search, self.config.exploration);
        self.search = Some(AlphaZeroSearch::begin(&self.mission, &self.state, config, exploration, tree).into());
    }

    /// Where a test may let it panic.
    fn pass(&self, point: &str) {
        pass(point, self.mission.scenario(), self.number, self.state.step);
    }

    /// What it came to, or why it failed.
    pub fn end(self) -> Result<FlownEpisode, EpisodeFailure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let metrics = EpisodeMetrics::of(&self.mission, &self.state, &self.transitions);
        let remaining_entropy = self.state.belief.entropy_nats() / self.mission.initial_entropy_nats();
        let samples = self.recorder.finish(self.mission.discount(), self.config.lambda);
        let samples = samples.map_err(|error| {
            let phase = EpisodePhase::Record;
            EpisodeFailure { phase, reason: error.to_string() }
        })?;
        Ok(FlownEpisode { number: self.number, samples, transitions: self.transitions, metrics, remaining_entropy })
    }
}

impl SearchOwner for Game<'_> {
    type Key = u32;

    fn key(&self) -> u32 {
        self.number
    }

    fn searching(&mut self) -> Option<Searching<'_>> {
        let Self { number, mission, encoder, state, search, .. } = self;
        search.as_mut().map(|search| Searching { mission, encoder, search, number: *number, step: state.step })
    }

    fn fail(&mut self, phase: EpisodePhase, reason: String) {
        self.search = None;
        self.failure.get_or_insert(EpisodeFailure { phase, reason });
    }
}
