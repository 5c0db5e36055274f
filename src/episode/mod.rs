//! Episodes as entities in a simulation world of their own, commands in and snapshots out.
