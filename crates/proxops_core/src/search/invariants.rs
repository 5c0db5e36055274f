use super::{Evaluation, SearchTree};

impl<S> SearchTree<S> {
    /// Checks what must hold whenever no walk is under way: nothing in flight, and every node's visits are its own
    /// evaluation and its edges' visits, which are its children's visits.
    ///
    /// # Errors
    /// The first node at which it does not hold, in words.
    pub fn check_at_rest(&self) -> Result<(), String> {
        for id in self.ids() {
            let node = self.node(id);
            let edges = self.edges(id);
            let in_flight = node.in_flight + edges.iter().map(|edge| edge.in_flight).sum::<u32>();
            if in_flight != 0 {
                return Err(format!("node {}: {in_flight} still in flight", id.index()));
            }
            let below: u32 = edges.iter().map(|edge| edge.visits).sum();
            let own = u32::from(node.evaluation == Evaluation::Done);
            if !node.is_terminal() && node.visits != own + below {
                return Err(format!("node {}: {} visits, but {own} + {below} counted", id.index(), node.visits));
            }
            let torn = edges.iter().find(|edge| edge.visits != edge.child.map_or(0, |child| self.node(child).visits));
            if let Some(edge) = torn {
                return Err(format!("node {}: an edge has {} visits, its child not", id.index(), edge.visits));
            }
        }
        Ok(())
    }
}
