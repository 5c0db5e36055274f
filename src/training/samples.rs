//! What one episode of self-play teaches: state, belief, policy and value target of the same step.

use std::borrow::Cow;
use std::path::Path;

use crate::flight::NetworkSearch;
use crate::mission::{Action, Mission};
use crate::network::{
    CheckpointError, LeafEncoder, OrbitFeatures, SealedKind, open_sealed, remaining_entropy, seal_as, value_target,
};
use crate::search::{AlphaZeroDecision, NodeId};

use super::error::TrainingError;

/// Everything of one decision but its belief.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSample {
    /// Orbit and clock at the decision.
    pub orbit: OrbitFeatures,
    /// What the search made of the policy at the root.
    pub policy: [f32; Action::COUNT],
    /// Target of the value head at this state; see [`value_target`].
    pub value: f32,
}

impl StepSample {
    fn is_finite(&self) -> bool {
        self.orbit.0.iter().chain(&self.policy).chain([&self.value]).all(|number| number.is_finite())
    }
}

/// The decisions of one episode. Never changed once made, so buffers and checkpoints share it.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeSamples {
    number: u64,
    cells: usize,
    beliefs: Beliefs,
    steps: Vec<StepSample>,
}

/// `[steps, cells]`, coded as the search codes them: one number a voxel, in as few bytes as hold all of them. With the
/// sensor of all shipped scenarios one is enough.
#[derive(Clone, Debug, PartialEq)]
enum Beliefs {
    Bytes(Vec<i8>),
    Words(Vec<i16>),
}

impl Beliefs {
    fn of(numbers: Vec<i16>) -> Self {
        match numbers.iter().map(|number| i8::try_from(*number)).collect() {
            Ok(bytes) => Self::Bytes(bytes),
            Err(_) => {
                // Kept for long: without the room that recording left.
                let mut words = numbers;
                words.shrink_to_fit();
                Self::Words(words)
            }
        }
    }

    /// Of a file of that version.
    fn of_bytes(version: u32, bytes: &[u8]) -> Self {
        match version {
            1 => Self::Bytes(bytes.iter().map(|byte| *byte as i8).collect()),
            _ => Self::Words(bytes.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()),
        }
    }

    /// The version of the file that they are written to.
    const fn version(&self) -> u32 {
        match self {
            Self::Bytes(_) => 1,
            Self::Words(_) => 2,
        }
    }

    fn write(&self, content: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => content.extend(bytes.iter().map(|byte| *byte as u8)),
            Self::Words(words) => content.extend(words.iter().flat_map(|word| word.to_le_bytes())),
        }
    }

    fn step(&self, step: usize, cells: usize) -> Cow<'_, [i16]> {
        let range = step * cells..(step + 1) * cells;
        match self {
            Self::Bytes(bytes) => bytes[range].iter().map(|byte| i16::from(*byte)).collect(),
            Self::Words(words) => Cow::Borrowed(&words[range]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Words(words) => words.len(),
        }
    }
}

/// One decision to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    /// Belief at the decision, one number a voxel.
    pub belief: Cow<'a, [i16]>,
    /// The rest of the same decision.
    pub step: &'a StepSample,
}

/// Bytes of a [`StepSample`] in a file.
const STEP_BYTES: usize = 4 * (OrbitFeatures::LEN + Action::COUNT + 1);
/// Number, steps and cells.
const HEADER_BYTES: usize = 16;

impl EpisodeSamples {
    /// Bytes of one decision with a belief of so many voxels, in a code with that [`limit`](crate::voxel::CompactCode::limit).
    pub const fn step_bytes(cells: usize, code_limit: i16) -> usize {
        let belief = if code_limit <= i8::MAX as i16 { size_of::<i8>() } else { size_of::<i16>() };
        cells * belief + size_of::<StepSample>()
    }

    /// Number of the episode in its run.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Decisions.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no decision was made.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Voxels of its beliefs.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The decision at `step`, which must be below [`len`](Self::len).
    pub fn sample(&self, step: usize) -> Sample<'_> {
        Sample { belief: self.beliefs.step(step, self.cells), step: &self.steps[step] }
    }

    /// As the bytes of a file, sealed with length and checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let belief_bytes = self.beliefs.len() * self.beliefs.version() as usize;
        let mut content = Vec::with_capacity(HEADER_BYTES + belief_bytes + self.steps.len() * STEP_BYTES);
        content.extend_from_slice(&self.number.to_le_bytes());
        content.extend_from_slice(&(self.steps.len() as u32).to_le_bytes());
        content.extend_from_slice(&(self.cells as u32).to_le_bytes());
        self.beliefs.write(&mut content);
        for step in &self.steps {
            for number in step.orbit.0.iter().chain(&step.policy).chain([&step.value]) {
                content.extend_from_slice(&number.to_le_bytes());
            }
        }
        seal_as(SealedKind::Replay, self.beliefs.version(), &content)
    }

    /// From the bytes of a file; `path` is for the message.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what is wrong with it.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (version, content) = open_sealed(SealedKind::Replay, path, bytes)?;
        let torn = || CheckpointError::content(path, "the parts do not add up to the whole");
        let (header, rest) = content.split_first_chunk::<HEADER_BYTES>().ok_or_else(torn)?;
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let number = u64::from(word(0)) | u64::from(word(4)) << 32;
        let (count, cells) = (word(8) as usize, word(12) as usize);
        // The first version has one signed byte a voxel: the same numbers.
        let value_bytes = if version == 1 { 1 } else { size_of::<i16>() };
        let belief_bytes = count.saturating_mul(cells).saturating_mul(value_bytes);
        let (beliefs, steps) = rest.split_at_checked(belief_bytes).ok_or_else(torn)?;
        if steps.len() != count * STEP_BYTES {
            return Err(torn());
        }
        let steps: Vec<StepSample> = steps.chunks_exact(STEP_BYTES).map(step_of_bytes).collect();
        if let Some(step) = steps.iter().position(|step| !step.is_finite()) {
            return Err(CheckpointError::content(path, format!("step {step} has a number that is not finite")));
        }
        // They stay as they are: the same episode is written to the same bytes, which a checkpoint before this one knows.
        Ok(Self { number, cells, beliefs: Beliefs::of_bytes(version, beliefs), steps })
    }
}

fn step_of_bytes(bytes: &[u8]) -> StepSample {
    let number = |index: usize| {
        let at = 4 * index;
        f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    StepSample {
        orbit: OrbitFeatures(std::array::from_fn(number)),
        policy: std::array::from_fn(|action| number(OrbitFeatures::LEN + action)),
        value: number(OrbitFeatures::LEN + Action::COUNT),
    }
}

/// A decision whose reward and return are still to come.
#[derive(Clone, Copy, Debug)]
struct Recorded {
    orbit: OrbitFeatures,
    policy: [f32; Action::COUNT],
    remaining_entropy: f64,
    root_value: f64,
    reward: Option<f64>,
}

/// The root of a search, read before the decision ends the search.
#[derive(Clone, Debug)]
pub struct RootSample {
    belief: Vec<i16>,
    orbit: OrbitFeatures,
    remaining_entropy: f64,
}

impl RootSample {
    /// Of a search that is done.
    pub fn of(search: &NetworkSearch, mission: &Mission, encoder: &LeafEncoder) -> Self {
        let tree = search.search().tree();
        Self {
            belief: tree.belief(NodeId::ROOT).to_vec(),
            orbit: encoder.orbit(mission, &tree, NodeId::ROOT),
            remaining_entropy: remaining_entropy(mission, &tree, NodeId::ROOT),
        }
    }

    /// Records the decision that the search has ended with.
    ///
    /// # Errors
    /// As [`EpisodeRecorder::decide`].
    pub fn record(&self, decided: &AlphaZeroDecision, recorder: &mut EpisodeRecorder) -> Result<(), TrainingError> {
        recorder.decide(&self.belief, self.orbit, &decided.policy, self.remaining_entropy, decided.root_value)
    }
}

/// Writes down an episode as it is flown and works out the value targets when it is over.
#[derive(Clone, Debug)]
pub struct EpisodeRecorder {
    number: u64,
    cells: usize,
    beliefs: Vec<i16>,
    steps: Vec<Recorded>,
}

impl EpisodeRecorder {
    /// Bytes of one recorded decision with a belief of so many voxels.
    pub const fn step_bytes(cells: usize) -> usize {
        cells * size_of::<i16>() + size_of::<Recorded>()
    }

    /// For episode `number` on a grid of `cells` voxels.
    pub fn new(number: u64, cells: usize) -> Self {
        Self { number, cells, beliefs: Vec::new(), steps: Vec::new() }
    }

    /// Decisions so far.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether nothing has been decided yet.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The decision that is about to be carried out: the state it was made in, the policy that the search ended with,
    /// H(b)/H₀ and the value that the search found.
    ///
    /// # Errors
    /// [`TrainingError::Recording`] if the reward of the decision before is missing, the policy does not add up to 1,
    /// or the belief has another size than the grid.
    pub fn decide(
        &mut self,
        belief: &[i16],
        orbit: OrbitFeatures,
        policy: &[f32; Action::COUNT],
        remaining_entropy: f64,
        root_value: f64,
    ) -> Result<(), TrainingError> {
        let total: f32 = policy.iter().sum();
        if self.steps.last().is_some_and(|step| step.reward.is_none()) {
            return Err(self.out_of_order("a decision was recorded before the reward of the one before"));
        }
        // Rounding of 13 shares in f32.
        let adds_up = (total - 1.0).abs() < 1e-4;
        if !adds_up {
            return Err(self.out_of_order("a policy was recorded that does not add up to 1"));
        }
        if belief.len() != self.cells {
            return Err(self.out_of_order("a belief of another grid was recorded"));
        }
        self.beliefs.extend_from_slice(belief);
        self.steps.push(Recorded { orbit, policy: *policy, remaining_entropy, root_value, reward: None });
        Ok(())
    }

    /// The reward that the last decision earned.
    ///
    /// # Errors
    /// [`TrainingError::Recording`] if there is no decision that waits for one.
    pub fn reward(&mut self, reward: f64) -> Result<(), TrainingError> {
        match self.steps.last_mut() {
            Some(step) if step.reward.is_none() => step.reward = Some(reward),
            _ => return Err(self.out_of_order("a reward was recorded without a decision")),
        }
        Ok(())
    }

    /// The episode with its value targets.
    ///
    /// The return to come is the λ-return G_t = r_t + γ((1 − λ)·V_{t+1} + λ·G_{t+1}) with the search's own V (Sutton &
    /// Barto 2018, eq. 12.2 in recursive form); `lambda` = 1 is the plain discounted return. Nothing comes after the
    /// last decision.
    ///
    /// # Errors
    /// [`TrainingError::Recording`] if the last reward is missing.
    pub fn finish(self, discount: f64, lambda: f64) -> Result<EpisodeSamples, TrainingError> {
        if self.steps.last().is_some_and(|step| step.reward.is_none()) {
            return Err(self.out_of_order("the episode ended before the reward of its last decision"));
        }
        let mut next_return = 0.0;
        let mut next_value = 0.0;
        let mut steps: Vec<StepSample> = Vec::with_capacity(self.steps.len());
        for step in self.steps.iter().rev() {
            let to_come = (1.0 - lambda) * next_value + lambda * next_return;
            next_return = step.reward.unwrap_or_default() + discount * to_come;
            next_value = step.root_value;
            let value = value_target(next_return, step.remaining_entropy);
            steps.push(StepSample { orbit: step.orbit, policy: step.policy, value });
        }
        steps.reverse();
        Ok(EpisodeSamples { number: self.number, cells: self.cells, beliefs: Beliefs::of(self.beliefs), steps })
    }

    fn out_of_order(&self, reason: &'static str) -> TrainingError {
        TrainingError::Recording { episode: self.number, reason }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const CELLS: usize = 4;

    fn policy(best: usize) -> [f32; Action::COUNT] {
        let mut policy = [0.01; Action::COUNT];
        policy[best] = 0.88;
        policy
    }

    fn orbit(step: usize) -> OrbitFeatures {
        OrbitFeatures([step as f32; OrbitFeatures::LEN])
    }

    /// Three decisions whose every part names its step; rewards 0.1, 0.2, 0.3 with all entropy remaining.
    pub fn recorder(number: u64) -> EpisodeRecorder {
        let mut recorder = EpisodeRecorder::new(number, CELLS);
        for step in 0..3 {
            recorder.decide(&[step as i16; CELLS], orbit(step), &policy(step), 1.0, 0.5).unwrap();
            recorder.reward(0.1 * (step + 1) as f64).unwrap();
        }
        recorder
    }

    #[test]
    fn every_sample_pairs_data_of_one_step() {
        let samples = recorder(7).finish(0.5, 1.0).unwrap();
        // 0.3; 0.2 + 0.5·0.3; 0.1 + 0.5·0.35
        let returns = [0.275, 0.35, 0.3];
        for (step, value) in returns.into_iter().enumerate() {
            let sample = samples.sample(step);
            assert_eq!(*sample.belief, [step as i16; CELLS]);
            assert_eq!(sample.step.orbit, orbit(step));
            assert_eq!(sample.step.policy[step], 0.88);
            assert!((sample.step.value - value).abs() < 1e-7, "step {step}: {}", sample.step.value);
        }
    }

    #[test]
    fn lambda_mixes_the_searchs_value_in() {
        let samples = recorder(7).finish(0.5, 0.0).unwrap();
        let values = [0.1 + 0.5 * 0.5, 0.2 + 0.5 * 0.5, 0.3];
        for (step, value) in values.into_iter().enumerate() {
            assert!((samples.sample(step).step.value - value).abs() < 1e-6);
        }
    }

    #[test]
    fn steps_out_of_order_are_refused() {
        let mut recorder = EpisodeRecorder::new(7, CELLS);
        assert!(recorder.reward(0.1).unwrap_err().to_string().contains("without a decision"));
        recorder.decide(&[0; CELLS], orbit(0), &policy(0), 1.0, 0.0).unwrap();
        let error = recorder.decide(&[0; CELLS], orbit(1), &policy(0), 1.0, 0.0).unwrap_err().to_string();
        assert!(error.contains("episode 7") && error.contains("before the reward"), "{error}");
        assert!(recorder.clone().finish(1.0, 1.0).is_err());
        recorder.reward(0.1).unwrap();
        assert!(recorder.reward(0.1).is_err());
        assert!(recorder.decide(&[0; 3], orbit(1), &policy(0), 1.0, 0.0).is_err());
        assert!(recorder.decide(&[0; CELLS], orbit(1), &[0.0; Action::COUNT], 1.0, 0.0).is_err());
    }

    #[test]
    fn an_episode_survives_a_file_bit_for_bit() {
        let samples = recorder(7).finish(0.9, 0.7).unwrap();
        let bytes = samples.to_bytes();
        assert_eq!(EpisodeSamples::from_bytes(Path::new("r.bin"), &bytes).unwrap(), samples);
        let torn = EpisodeSamples::from_bytes(Path::new("r.bin"), &bytes[..bytes.len() - 1]).unwrap_err().to_string();
        assert!(torn.contains("r.bin") && torn.contains("truncated"), "{torn}");
        let mut spoilt = samples.clone();
        spoilt.steps[1].value = f32::NAN;
        let error = EpisodeSamples::from_bytes(Path::new("r.bin"), &spoilt.to_bytes()).unwrap_err().to_string();
        assert!(error.contains("r.bin: step 1 has a number that is not finite"), "{error}");
    }

    /// One decision with these numbers.
    fn with_belief(belief: [i16; CELLS]) -> EpisodeSamples {
        let mut recorder = EpisodeRecorder::new(7, CELLS);
        recorder.decide(&belief, orbit(0), &policy(0), 1.0, 0.5).unwrap();
        recorder.reward(0.1).unwrap();
        recorder.finish(0.9, 0.7).unwrap()
    }

    #[test]
    fn beliefs_take_a_byte_a_voxel_where_that_holds_them_and_two_otherwise() {
        for (belief, version) in
            [([0, -1, 127, -128], 1), ([0, -1, 128, 0], 2), ([0, -129, 0, 0], 2), ([i16::MAX, i16::MIN, 0, 1], 2)]
        {
            let samples = with_belief(belief);
            assert_eq!((samples.beliefs.version(), &*samples.sample(0).belief), (version, &belief[..]));
            let bytes = samples.to_bytes();
            assert_eq!(bytes[12], version as u8, "the version, in front of length and checksum of the content");
            let read = EpisodeSamples::from_bytes(Path::new("r.bin"), &bytes).unwrap();
            assert_eq!((&read, read.to_bytes()), (&samples, bytes));
        }
        assert_eq!(EpisodeSamples::step_bytes(8000, 128) - EpisodeSamples::step_bytes(8000, 127), 8000);
    }

    /// Until a byte was enough again, every belief was written with two.
    #[test]
    fn beliefs_of_two_bytes_that_one_would_hold_are_read_and_written_again_to_the_same_bytes() {
        let samples = with_belief([0, -1, 127, -128]);
        let wide = EpisodeSamples { beliefs: Beliefs::Words(vec![0, -1, 127, -128]), ..samples.clone() };
        let bytes = wide.to_bytes();
        assert_eq!(bytes[12], 2);
        let read = EpisodeSamples::from_bytes(Path::new("r.bin"), &bytes).unwrap();
        assert_eq!((read.sample(0), read.to_bytes()), (samples.sample(0), bytes));
    }
}
