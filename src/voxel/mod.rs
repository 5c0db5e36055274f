//! Voxel grid geometry, occupancy and the log-odds belief with its entropy. Knows nothing of Bevy.
