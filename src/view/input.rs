#[cfg(feature = "panel")]
use bevy::camera::RenderTarget;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::eye::{CurrentEye, ViewEye, ViewSurface};

/// What pointer and keyboard say to the view: only in the window it is seen in, and only what no user interface there takes.
#[derive(SystemParam)]
pub(super) struct ViewInput<'w, 's> {
    current: Res<'w, CurrentEye>,
    pub eye: ViewEye<'w, 's>,
    surface: ViewSurface<'w, 's>,
    windows: Query<'w, 's, (Entity, &'static Window)>,
    #[cfg(feature = "panel")]
    contexts: Query<'w, 's, (&'static bevy_egui::EguiContext, &'static RenderTarget)>,
    #[cfg(feature = "panel")]
    targets: Query<'w, 's, &'static RenderTarget>,
}

impl ViewInput<'_, '_> {
    /// The eye's window; that of the settings for an eye that renders to a picture.
    fn window(&self) -> Option<&Window> {
        let entity = self.current.window.or_else(|| self.surface.window())?;
        self.windows.get(entity).ok().map(|(_, window)| window)
    }

    /// Where the pointer is in the eye's picture, logical pixels of its window.
    pub fn pointer(&self) -> Option<Vec2> {
        let (camera, _) = self.eye.get()?;
        let pointer = self.window()?.cursor_position()?;
        camera.logical_viewport_rect()?.contains(pointer).then_some(pointer)
    }

    /// Whether keys are meant for the view: not for a text field, nor for another window.
    pub fn keyboard_is_free(&self) -> bool {
        let here = self.window().is_none_or(|window| window.focused);
        let elsewhere = self.windows.iter().any(|(_, window)| window.focused);
        (here || !elsewhere) && self.keyboard_is_not_eguis()
    }

    /// The pointer, unless a user interface takes it.
    pub fn free_pointer(&self) -> Option<Vec2> {
        self.pointer().filter(|_| self.pointer_is_not_eguis())
    }

    #[cfg(not(feature = "panel"))]
    fn pointer_is_not_eguis(&self) -> bool {
        true
    }

    #[cfg(not(feature = "panel"))]
    fn keyboard_is_not_eguis(&self) -> bool {
        true
    }

    #[cfg(feature = "panel")]
    fn pointer_is_not_eguis(&self) -> bool {
        !self.contexts_of_the_eye().any(|mut context| {
            let ctx = context.get_mut();
            ctx.is_pointer_over_egui()
                || ctx.egui_wants_pointer_input()
                || ctx.egui_is_using_pointer()
                || ctx.any_popup_open()
        })
    }

    #[cfg(feature = "panel")]
    fn keyboard_is_not_eguis(&self) -> bool {
        !self.contexts_of_the_eye().any(|mut context| {
            let ctx = context.get_mut();
            ctx.egui_wants_keyboard_input() || ctx.any_popup_open()
        })
    }

    /// `EguiWantsInput` sums up all windows, and a pointer that left one stays over its panels.
    #[cfg(feature = "panel")]
    fn contexts_of_the_eye(&self) -> impl Iterator<Item = bevy_egui::EguiContext> {
        let primary = self.surface.primary_window();
        let drawn_on = self.current.camera.and_then(|eye| self.targets.get(eye).ok());
        let on_eye =
            move |target: &RenderTarget| drawn_on.is_some_and(|eye| super::eye::same_surface(target, eye, primary));
        self.contexts.iter().filter(move |(_, target)| on_eye(target)).map(|(context, _)| context.clone())
    }
}
