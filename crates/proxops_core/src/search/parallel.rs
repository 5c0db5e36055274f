use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::SearchError;
use super::named_choice::named_choice;

/// Which scheduler runs the simulations of one decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModeKind {
    /// One leaf at a time.
    #[default]
    Serial,
    /// Several leaves of one tree, collected before any is evaluated.
    Batched,
    /// Several threads on one tree.
    TreeParallel,
    /// Several trees, merged at the root.
    RootParallel,
}

/// How walks under way count where another walk chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InFlightKind {
    /// As visits without a value.
    #[default]
    VisitsOnly,
    /// As visits that went badly.
    VirtualLoss,
}

named_choice!(ModeKind, "parallel.mode", {
    Serial => "serial",
    Batched => "batched",
    TreeParallel => "tree_parallel",
    RootParallel => "root_parallel",
});
named_choice!(InFlightKind, "parallel.in_flight", {
    VisitsOnly => "visits_only",
    VirtualLoss => "virtual_loss",
});

/// How walks under way count where another walk chooses, with what that takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum InFlight {
    /// They count in N, and Q is left alone (Liu et al. 2020, WU-UCT): other actions get their turn, none looks bad.
    #[default]
    VisitsOnly,
    /// They count in N, and in Q each also as `weight` visits with the worst value met so far: walks spread further, at
    /// the price of values that are wrong for a while.
    VirtualLoss {
        /// Visits that one walk under way counts for in Q.
        weight: f64,
    },
}

impl InFlight {
    /// Visits with the worst value that one walk under way counts for in Q; 0 leaves Q alone.
    pub fn virtual_loss(self) -> f64 {
        match self {
            Self::VisitsOnly => 0.0,
            Self::VirtualLoss { weight } => weight,
        }
    }
}

/// How the simulations of one decision are spread over leaves, threads and trees.
///
/// Every mode does the same number of simulations. `Serial`, `Batched` and `RootParallel` give the same bits for any
/// number of workers and any slicing; `TreeParallel` with more than one thread does not, for its walks meet as the
/// threads happen to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SearchMode {
    /// One leaf at a time: walk, evaluate, back up. The measure of all others.
    Serial,
    /// Walks on until `leaves` of one tree wait for a value or a walk meets one of them, then evaluates all, then backs
    /// all up.
    Batched {
        /// Most leaves collected.
        leaves: u32,
    },
    /// Threads share one tree. The tree is locked while a walk chooses its way, a node is added or a value backed up;
    /// the step to the new node and its evaluation happen outside. Not deterministic. With one thread it is `Serial`.
    TreeParallel {
        /// Threads, the caller's among them; with a network, leaves of the tree in flight.
        threads: u32,
        /// How walks under way count.
        in_flight: InFlight,
    },
    /// Independent trees share the simulations evenly and imagine worlds of their own; visits and value sums of equal
    /// lines of play are added up. With one tree it is `Serial`.
    RootParallel {
        /// Trees; never more than there are simulations.
        trees: u32,
    },
}

impl SearchMode {
    /// Trees that `simulations` are shared out to.
    pub fn trees(self, simulations: u32) -> u32 {
        match self {
            Self::RootParallel { trees } => trees.min(simulations).max(1),
            _ => 1,
        }
    }

    /// Most leaves of one tree that wait for a value at the same time.
    pub fn leaves_per_tree(self) -> u32 {
        match self {
            Self::Serial | Self::RootParallel { .. } => 1,
            Self::Batched { leaves } => leaves,
            Self::TreeParallel { threads, .. } => threads,
        }
    }

    /// Most leaves of one decision that wait for a value at the same time: what one episode adds to a batch.
    pub fn leaves_in_flight(self) -> usize {
        match self {
            Self::RootParallel { trees } => trees as usize,
            one_tree => one_tree.leaves_per_tree() as usize,
        }
    }

    /// How walks under way count where another walk chooses.
    pub fn in_flight(self) -> InFlight {
        match self {
            Self::TreeParallel { in_flight, .. } => in_flight,
            _ => InFlight::VisitsOnly,
        }
    }
}

impl fmt::Display for SearchMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Serial => "serial".to_owned(),
            Self::Batched { leaves } => format!("batched {leaves}"),
            Self::TreeParallel { threads, in_flight: InFlight::VisitsOnly } => format!("tree_parallel {threads}"),
            Self::TreeParallel { threads, in_flight: InFlight::VirtualLoss { weight } } => {
                format!("tree_parallel {threads} virtual loss {weight}")
            }
            Self::RootParallel { trees } => format!("root_parallel {trees}"),
        };
        formatter.pad(&text)
    }
}

/// The [`SearchMode`] as a file or a panel holds it: every number keeps its value while another mode is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParallelConfig {
    /// Which mode. Default: `Serial`.
    pub mode: ModeKind,
    /// Leaves that `Batched` collects. 1 to 256; default 32.
    pub leaves: u32,
    /// Threads of `TreeParallel`. 1 to 64; default 2.
    pub threads: u32,
    /// How `TreeParallel` counts walks under way. Default: `VisitsOnly`.
    pub in_flight: InFlightKind,
    /// Weight of `VirtualLoss`. 0 to 100; default 1.
    pub virtual_loss_weight: f64,
    /// Trees of `RootParallel`. 1 to 64; default 2.
    pub trees: u32,
}

impl Default for ParallelConfig {
    fn default() -> Self {
        Self {
            mode: ModeKind::Serial,
            leaves: 32,
            threads: 2,
            in_flight: InFlightKind::VisitsOnly,
            virtual_loss_weight: 1.0,
            trees: 2,
        }
    }
}

impl From<SearchMode> for ParallelConfig {
    fn from(mode: SearchMode) -> Self {
        let unused = Self::default();
        match mode {
            SearchMode::Serial => unused,
            SearchMode::Batched { leaves } => Self { mode: ModeKind::Batched, leaves, ..unused },
            SearchMode::TreeParallel { threads, in_flight } => {
                let (in_flight, virtual_loss_weight) = match in_flight {
                    InFlight::VisitsOnly => (InFlightKind::VisitsOnly, unused.virtual_loss_weight),
                    InFlight::VirtualLoss { weight } => (InFlightKind::VirtualLoss, weight),
                };
                Self { mode: ModeKind::TreeParallel, threads, in_flight, virtual_loss_weight, ..unused }
            }
            SearchMode::RootParallel { trees } => Self { mode: ModeKind::RootParallel, trees, ..unused },
        }
    }
}

impl ParallelConfig {
    /// Most leaves collected.
    pub const MAX_LEAVES: u32 = 256;
    /// Most threads on one tree.
    pub const MAX_THREADS: u32 = 64;
    /// Most trees.
    pub const MAX_TREES: u32 = 64;
    /// Largest weight of a virtual loss.
    pub const MAX_VIRTUAL_LOSS_WEIGHT: f64 = 100.0;

    /// The mode with its numbers.
    pub fn mode(&self) -> SearchMode {
        match self.mode {
            ModeKind::Serial => SearchMode::Serial,
            ModeKind::Batched => SearchMode::Batched { leaves: self.leaves },
            ModeKind::TreeParallel => SearchMode::TreeParallel { threads: self.threads, in_flight: self.in_flight() },
            ModeKind::RootParallel => SearchMode::RootParallel { trees: self.trees },
        }
    }

    fn in_flight(&self) -> InFlight {
        match self.in_flight {
            InFlightKind::VisitsOnly => InFlight::VisitsOnly,
            InFlightKind::VirtualLoss => InFlight::VirtualLoss { weight: self.virtual_loss_weight },
        }
    }

    /// Checks every number against its range, also those of modes that are not chosen.
    ///
    /// # Errors
    /// [`SearchError::OutOfRange`] names the first field that is outside, its value and the accepted range.
    pub fn validate(&self) -> Result<(), SearchError> {
        let weight = self.virtual_loss_weight;
        let checks = [
            (
                "parallel.leaves",
                (1..=Self::MAX_LEAVES).contains(&self.leaves),
                self.leaves.to_string(),
                "an integer from 1 to 256",
            ),
            (
                "parallel.threads",
                (1..=Self::MAX_THREADS).contains(&self.threads),
                self.threads.to_string(),
                "an integer from 1 to 64",
            ),
            (
                "parallel.virtual_loss_weight",
                (0.0..=Self::MAX_VIRTUAL_LOSS_WEIGHT).contains(&weight),
                weight.to_string(),
                "a number from 0 to 100",
            ),
            (
                "parallel.trees",
                (1..=Self::MAX_TREES).contains(&self.trees),
                self.trees.to_string(),
                "an integer from 1 to 64",
            ),
        ];
        match checks.into_iter().find(|(_, accepted, ..)| !accepted) {
            None => Ok(()),
            Some((field, _, value, accepted)) => Err(SearchError::OutOfRange { field, value, accepted }),
        }
    }
}

/// Reads a [`ParallelConfig`], or the bare number of leaves in flight that files held before there were modes.
pub(super) fn parallel_or_leaves<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ParallelConfig, D::Error> {
    struct ParallelOrLeaves;

    impl<'de> Visitor<'de> for ParallelOrLeaves {
        type Value = ParallelConfig;

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("the settings of a parallel search")
        }

        fn visit_u64<E: serde::de::Error>(self, leaves: u64) -> Result<ParallelConfig, E> {
            let leaves = u32::try_from(leaves).unwrap_or(u32::MAX);
            let mode = if leaves == 1 { ModeKind::Serial } else { ModeKind::Batched };
            let default = ParallelConfig::default();
            Ok(ParallelConfig { mode, leaves: if leaves == 1 { default.leaves } else { leaves }, ..default })
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ParallelConfig, A::Error> {
            ParallelConfig::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(ParallelOrLeaves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{AlphaZeroConfig, SearchConfig};

    #[test]
    fn a_mode_takes_its_own_numbers_and_the_others_are_kept() {
        let mut config = ParallelConfig { leaves: 8, threads: 3, trees: 5, ..Default::default() };
        let kept = config.clone();
        let in_flight = InFlight::VisitsOnly;
        for (kind, mode) in [
            (ModeKind::Serial, SearchMode::Serial),
            (ModeKind::Batched, SearchMode::Batched { leaves: 8 }),
            (ModeKind::TreeParallel, SearchMode::TreeParallel { threads: 3, in_flight }),
            (ModeKind::RootParallel, SearchMode::RootParallel { trees: 5 }),
        ] {
            config.mode = kind;
            assert_eq!(config.mode(), mode);
            assert_eq!(ParallelConfig { mode: kind, ..kept.clone() }, config);
        }
        config.mode = ModeKind::TreeParallel;
        config.in_flight = InFlightKind::VirtualLoss;
        config.virtual_loss_weight = 2.5;
        assert_eq!(config.mode().in_flight(), InFlight::VirtualLoss { weight: 2.5 });
        assert_eq!(config.mode().leaves_in_flight(), 3);
    }

    #[test]
    fn a_mode_becomes_the_configuration_that_gives_it() {
        let tree = |in_flight| SearchMode::TreeParallel { threads: 3, in_flight };
        let (visits, loss) = (tree(InFlight::VisitsOnly), tree(InFlight::VirtualLoss { weight: 2.5 }));
        let (batched, roots) = (SearchMode::Batched { leaves: 9 }, SearchMode::RootParallel { trees: 5 });
        for mode in [SearchMode::Serial, batched, visits, loss, roots] {
            assert_eq!(ParallelConfig::from(mode).mode(), mode);
        }
        let names = [batched, visits, loss, roots].map(|mode| mode.to_string());
        assert_eq!(names, ["batched 9", "tree_parallel 3", "tree_parallel 3 virtual loss 2.5", "root_parallel 5"]);
    }

    #[test]
    fn numbers_outside_their_range_are_named() {
        assert_eq!(ParallelConfig::default().validate(), Ok(()));
        let none = SearchConfig { parallel: ParallelConfig { leaves: 0, ..Default::default() }, ..Default::default() };
        assert_eq!(
            none.validate().unwrap_err().to_string(),
            "search.parallel.leaves: 0 is not accepted, it must be an integer from 1 to 256"
        );
        for parallel in [
            ParallelConfig { threads: 65, ..Default::default() },
            ParallelConfig { trees: 0, ..Default::default() },
            ParallelConfig { virtual_loss_weight: f64::NAN, ..Default::default() },
        ] {
            assert!(parallel.validate().is_err(), "{parallel:?}");
            assert!(AlphaZeroConfig { parallel, ..Default::default() }.validate().is_err());
        }
    }

    #[test]
    fn every_choice_parses_from_its_own_name() {
        for kind in ModeKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
        }
        for kind in InFlightKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
        }
        assert_eq!("TreeParallel".parse(), Ok(ModeKind::TreeParallel));
        let error = "lockstep".parse::<ModeKind>().unwrap_err().to_string();
        assert!(error.contains("search.parallel.mode") && error.contains("tree_parallel"), "{error}");
    }

    #[test]
    fn configurations_are_read_back_and_those_with_leaves_in_flight_understood() {
        let parallel = ParallelConfig { mode: ModeKind::TreeParallel, threads: 7, ..Default::default() };
        let config = AlphaZeroConfig { parallel, ..Default::default() };
        assert_eq!(serde_json::from_str::<AlphaZeroConfig>(&serde_json::to_string(&config).unwrap()).unwrap(), config);
        assert_eq!(ron::from_str::<AlphaZeroConfig>(&ron::to_string(&config).unwrap()).unwrap(), config);

        let older = |text| serde_json::from_str::<AlphaZeroConfig>(text).unwrap().parallel;
        assert_eq!(older("{}"), ParallelConfig::default());
        assert_eq!(older(r#"{"leaves_in_flight": 1}"#), ParallelConfig::default());
        assert_eq!(older(r#"{"leaves_in_flight": 4}"#).mode(), SearchMode::Batched { leaves: 4 });
        assert!(serde_json::from_str::<AlphaZeroConfig>(r#"{"parallel": {"leafs": 4}}"#).is_err());
    }

    #[test]
    fn trees_are_never_more_than_simulations() {
        assert_eq!(SearchMode::RootParallel { trees: 8 }.trees(3), 3);
        assert_eq!(SearchMode::RootParallel { trees: 8 }.trees(0), 1);
        assert_eq!(SearchMode::Batched { leaves: 8 }.trees(100), 1);
    }
}
