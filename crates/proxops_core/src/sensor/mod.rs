//! Pinhole camera, ray casting and the sensor likelihoods: one image as per-voxel counts. Knows nothing of Bevy.

#[cfg(test)]
mod by_sorting;
mod camera;
mod error;
mod image;
mod instructions;
mod model;
mod noise;
mod observation;
mod ray_caster;
mod ray_packet;
mod rays;
mod scene;
mod update;

pub use camera::{Camera, CameraPose};
pub use error::SensorError;
pub use instructions::InstructionSet;
pub use model::SensorModel;
pub use observation::Observation;
pub use ray_caster::RayCaster;
pub use update::UpdateRule;
