//! Reflection for Bevy, to which these types are opaque, whole values.

use bevy_reflect::{ReflectDeserialize, ReflectSerialize, impl_reflect_opaque};

use crate::mission::{Scenario, Seed};
use crate::search::SearchConfig;

impl_reflect_opaque!((in proxops_core::mission) Scenario(Debug, Clone, PartialEq, Serialize, Deserialize));
impl_reflect_opaque!((in proxops_core::mission) Seed(Debug, Clone, PartialEq));
impl_reflect_opaque!((in proxops_core::search) SearchConfig(Debug, Clone, PartialEq, Serialize, Deserialize));
