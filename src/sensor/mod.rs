//! Pinhole camera, ray casting and the sensor likelihoods: one image as per-voxel counts. Knows nothing of Bevy.
