#[cfg(feature = "panel")]
use bevy::camera::RenderTarget;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
#[cfg(feature = "panel")]
use bevy::window::PrimaryWindow;

use super::eye::{CurrentEye, ViewEye, ViewSurface};

/// The window whose pointer and keys are meant for the view: the eye's; that of the settings for an eye that renders to
/// a picture.
#[derive(Resource, Default)]
pub(super) struct InputWindow(Option<Entity>);

pub(super) fn find_window(eye: Res<CurrentEye>, surface: ViewSurface, mut window: ResMut<InputWindow>) {
    window.0 = eye.window.or_else(|| surface.window());
}

/// What pointer and keyboard say to the view: only in the window it is seen in, and only what no user interface there takes.
#[derive(SystemParam)]
pub(super) struct ViewInput<'w, 's> {
    pub eye: ViewEye<'w, 's>,
    window: Res<'w, InputWindow>,
    windows: Query<'w, 's, &'static Window>,
    #[cfg(feature = "panel")]
    current: Res<'w, CurrentEye>,
    #[cfg(feature = "panel")]
    primary: Query<'w, 's, Entity, With<PrimaryWindow>>,
    #[cfg(feature = "panel")]
    contexts: Query<'w, 's, (&'static bevy_egui::EguiContext, &'static RenderTarget)>,
    #[cfg(feature = "panel")]
    targets: Query<'w, 's, &'static RenderTarget>,
}

impl ViewInput<'_, '_> {
    fn window(&self) -> Option<&Window> {
        self.windows.get(self.window.0?).ok()
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
        let elsewhere = self.windows.iter().any(|window| window.focused);
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
        let primary = self.primary.iter().next();
        let drawn_on = self.current.camera.and_then(|eye| self.targets.get(eye).ok());
        let on_eye =
            move |target: &RenderTarget| drawn_on.is_some_and(|eye| super::eye::same_surface(target, eye, primary));
        self.contexts.iter().filter(move |(_, target)| on_eye(target)).map(|(context, _)| context.clone())
    }
}
