//! The objects of a scene, one after the other, without recursion and without a list of them.

use super::Fault;
use super::file::{Model, Node, VoxFile, check_limit};
use super::placement::Placement;

/// Nodes from the root to an object. MagicaVoxel's own scenes have a few.
const DEEPEST_SCENE: u64 = 64;
/// Nodes met on the way through a scene; more than it has when nodes are shared.
const MOST_VISITS: u64 = 262_144;

/// A model in its place.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub model: &'a Model<'a>,
    pub placement: Placement,
    /// Its own name, empty without one.
    pub name: &'a [u8],
    /// From 1, in the order of the scene.
    pub number: u32,
    /// It, a group that it lies in or the layer of one of them is hidden.
    pub is_hidden: bool,
    /// It or a group that it lies in has the name that was asked for.
    pub is_named: bool,
}

/// What a node inherits.
#[derive(Clone, Copy)]
struct Inherited<'a> {
    placement: Placement,
    name: &'a [u8],
    is_hidden: bool,
    is_named: bool,
}

/// A node on the way from the root to where the walk is.
struct Open<'a> {
    id: u32,
    children: Children<'a>,
    inherited: Inherited<'a>,
}

enum Children<'a> {
    One(Option<u32>),
    Many(std::slice::ChunksExact<'a, u8>),
}

impl Children<'_> {
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::One(child) => child.take(),
            Self::Many(ids) => ids.next().map(|id| u32::from_le_bytes([id[0], id[1], id[2], id[3]])),
        }
    }
}

impl<'a> VoxFile<'a> {
    /// Hands every object to `visit`, hidden ones too. `wanted` is the name that was asked for.
    ///
    /// A file without a scene comes from an older MagicaVoxel, and its models are the frames of an animation: the first
    /// that is not empty is shown, the others count as hidden.
    pub fn objects<'s>(
        &'s self,
        wanted: Option<&[u8]>,
        mut visit: impl FnMut(Object<'s>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.has_scene() {
            return self.objects_in_scene(wanted, visit);
        }
        let shown = self.models.iter().position(|model| model.solid().next().is_some()).unwrap_or(0);
        for (index, (model, number)) in self.models.iter().zip(1..).enumerate() {
            let placement = Placement::HERE;
            visit(Object { model, placement, name: b"", number, is_hidden: index != shown, is_named: false })?;
        }
        Ok(())
    }

    fn objects_in_scene<'s>(
        &'s self,
        wanted: Option<&[u8]>,
        mut visit: impl FnMut(Object<'s>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut path: Vec<Open<'s>> = Vec::with_capacity(DEEPEST_SCENE as usize);
        let (mut number, mut visits) = (0, 0);
        let root = Inherited { placement: Placement::HERE, name: b"", is_hidden: false, is_named: false };
        let mut entered = Some((0, root));
        loop {
            if let Some((id, inherited)) = entered.take() {
                visits += 1;
                check_limit("scene nodes on the way to the objects", visits, MOST_VISITS)?;
                if path.iter().any(|open| open.id == id) {
                    return Err(Fault::Malformed(format!("node {id} of its scene lies within itself")));
                }
                match self.node(id)? {
                    Node::Shape { model } => {
                        number += 1;
                        let Inherited { placement, name, is_hidden, is_named } = inherited;
                        let model = self.model(*model)?;
                        visit(Object { model, placement, name, number, is_hidden, is_named })?;
                    }
                    Node::Group { children } => {
                        path.push(Open { id, children: Children::Many(children.chunks_exact(4)), inherited });
                    }
                    Node::Transform { placement, name, is_hidden, layer, child } => {
                        let inherited = Inherited {
                            placement: inherited.placement.of_child(placement),
                            name,
                            is_hidden: inherited.is_hidden || *is_hidden || self.is_layer_hidden(*layer),
                            is_named: inherited.is_named || wanted == Some(*name),
                        };
                        path.push(Open { id, children: Children::One(Some(*child)), inherited });
                    }
                }
                check_limit("levels of nested scene nodes", path.len() as u64, DEEPEST_SCENE)?;
            }

            let Some(open) = path.last_mut() else { return Ok(()) };
            match open.children.next() {
                Some(child) => entered = Some((child, open.inherited)),
                None => drop(path.pop()),
            }
        }
    }
}
