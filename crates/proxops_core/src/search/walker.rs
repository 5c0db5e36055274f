use crate::mission::{Mission, StreamKey};
use crate::orbit::RelativeState;
use crate::sensor::{Observation, RayCaster};
use crate::voxel::ImaginedShape;

use super::{
    Batch, BeliefModel, DetachedLeaf, GrowingTree, LeafValue, RollOut, SearchConfig, SharedTree, Ucb1, WorkTimes,
};

/// What a thread needs to take part in a pure Monte-Carlo search, besides the tree. It allocates on its first walks only.
#[derive(Debug)]
pub(super) struct Walker {
    shape: ImaginedShape,
    belief: Vec<i16>,
    roll_out: RollOut,
    /// Ray caster and image of a thread that the caller has not lent any.
    own: Option<Box<(RayCaster, Observation)>>,
    pub times: WorkTimes,
}

/// What all walkers of a search go by.
pub(super) struct Orders<'a, K> {
    pub mission: &'a Mission,
    pub config: &'a SearchConfig,
    pub key: StreamKey,
    pub max_simulations: u32,
    pub keep_going: &'a K,
}

impl<K> Orders<'_, K> {
    /// The same with another number of simulations.
    pub fn at_most(&self, max_simulations: u32) -> Self {
        let Self { mission, config, key, keep_going, .. } = *self;
        Self { mission, config, key, max_simulations, keep_going }
    }

    fn rule(&self) -> Ucb1 {
        Ucb1 { exploration: self.config.exploration }
    }
}

impl Walker {
    pub fn new(mission: &Mission, config: &SearchConfig) -> Self {
        Self {
            shape: ImaginedShape::empty(*mission.grid()),
            belief: Vec::new(),
            roll_out: RollOut::new(config.roll_out),
            own: None,
            times: WorkTimes::default(),
        }
    }

    /// The walker with instruments of its own, for a thread of its own.
    pub fn equip<'a>(&'a mut self, mission: &Mission) -> EquippedWalker<'a> {
        let Self { shape, belief, roll_out, own, times } = self;
        let make = || Box::new((RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid())));
        let (caster, observation) = &mut **own.get_or_insert_with(make);
        EquippedWalker { shape, belief, roll_out, caster, observation, times }
    }

    /// The walker with lent instruments.
    pub fn equip_with<'a>(
        &'a mut self,
        caster: &'a mut RayCaster,
        observation: &'a mut Observation,
    ) -> EquippedWalker<'a> {
        let Self { shape, belief, roll_out, times, .. } = self;
        EquippedWalker { shape, belief, roll_out, caster, observation, times }
    }
}

/// A walker that can take images.
pub(super) struct EquippedWalker<'a> {
    shape: &'a mut ImaginedShape,
    belief: &'a mut Vec<i16>,
    roll_out: &'a mut RollOut,
    caster: &'a mut RayCaster,
    observation: &'a mut Observation,
    times: &'a mut WorkTimes,
}

/// A walker's decision model, with what else a simulation needs.
struct Parts<'a> {
    model: BeliefModel<'a>,
    roll_out: &'a mut RollOut,
    belief: &'a mut Vec<i16>,
}

/// Values leaves by roll-outs.
fn by<'a, 'm>(
    roll_out: &'a mut RollOut,
    mission: &Mission,
) -> impl FnMut(&mut BeliefModel<'m>, &DetachedLeaf<RelativeState>, &[i16]) -> LeafValue + use<'a, 'm> {
    let discount = mission.discount();
    move |model, leaf, belief| roll_out.evaluate(model, leaf, belief, discount)
}

impl EquippedWalker<'_> {
    fn parts<'b, K>(&'b mut self, orders: &Orders<'b, K>) -> Parts<'b> {
        let Self { shape, belief, roll_out, caster, observation, times } = self;
        let Orders { mission, config, key, .. } = *orders;
        let model = BeliefModel { mission, caster, observation, shape, knowledge: config.knowledge, key, times };
        Parts { model, roll_out, belief }
    }

    /// Grows a tree of one's own, leaf by leaf.
    pub fn grow<K: Fn() -> bool>(&mut self, orders: &Orders<K>, tree: &mut GrowingTree) {
        let Parts { mut model, roll_out, .. } = self.parts(orders);
        let evaluate = by(roll_out, orders.mission);
        tree.grow(&mut model, &orders.rule(), evaluate, orders.max_simulations, orders.keep_going);
    }

    /// Grows a tree of one's own, batch by batch.
    pub fn grow_batched<K: Fn() -> bool>(
        &mut self,
        orders: &Orders<K>,
        batch: &mut Batch<RelativeState>,
        leaves: usize,
        tree: &mut GrowingTree,
    ) {
        let Parts { mut model, roll_out, .. } = self.parts(orders);
        let evaluate = by(roll_out, orders.mission);
        batch.grow(tree, leaves, &mut model, &orders.rule(), evaluate, orders.max_simulations, orders.keep_going);
    }

    /// Grows a tree together with others until it has done `stop` simulations.
    pub fn grow_shared<K: Fn() -> bool>(&mut self, orders: &Orders<K>, tree: &SharedTree, stop: u32) {
        let Parts { mut model, roll_out, belief } = self.parts(orders);
        let evaluate = by(roll_out, orders.mission);
        tree.grow(&mut model, &orders.rule(), belief, evaluate, stop, orders.keep_going);
    }
}
