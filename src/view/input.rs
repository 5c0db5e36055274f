use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

/// Whether keyboard and pointer are free for the view, or taken by a user interface above it.
#[derive(SystemParam)]
pub(super) struct InputFree<'w> {
    #[cfg(feature = "panel")]
    egui: Option<Res<'w, bevy_egui::input::EguiWantsInput>>,
    #[cfg(not(feature = "panel"))]
    _lifetime: std::marker::PhantomData<&'w ()>,
}

#[cfg(feature = "panel")]
impl InputFree<'_> {
    pub fn pointer(&self) -> bool {
        self.egui.as_ref().is_none_or(|egui| !egui.wants_any_pointer_input())
    }

    pub fn keyboard(&self) -> bool {
        self.egui.as_ref().is_none_or(|egui| !egui.wants_any_keyboard_input())
    }
}

#[cfg(not(feature = "panel"))]
impl InputFree<'_> {
    pub fn pointer(&self) -> bool {
        true
    }

    pub fn keyboard(&self) -> bool {
        true
    }
}
