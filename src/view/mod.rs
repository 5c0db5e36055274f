//! The 3D view: voxels, trajectories, candidate fan, frustum, camera rig.
