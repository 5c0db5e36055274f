//! Ground-truth shapes: built in, shipped satellites and `.vox` files. Knows nothing of Bevy.
