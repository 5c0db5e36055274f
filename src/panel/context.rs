//! In which egui context the panels are drawn, and on which camera that context sits.
//!
//! `bevy_egui` puts the primary context on the first camera of an app and leaves it there: where that camera goes, sleeps or
//! lies beneath another, all egui of the host's goes with it. Here it moves on, memory and textures included.

use bevy::camera::{Camera, RenderTarget};
use bevy::ecs::change_detection::DetectChangesMut;
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::Despawn;
use bevy::ecs::observer::On;
use bevy::ecs::query::{Has, QueryData, QueryState, With};
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::{InternedScheduleLabel, ScheduleLabel};
use bevy::ecs::system::{Query, ResMut};
use bevy::ecs::world::World;
use bevy::window::PrimaryWindow;
use bevy_egui::input::{EguiContextImeState, EguiContextPointerPosition, EguiContextPointerTouchId};
use bevy_egui::{
    EguiContext, EguiContextSettings, EguiFullOutput, EguiGlobalSettings, EguiInput, EguiManagedTextures, EguiOutput,
    EguiPrimaryContextPass, EguiRenderOutput, EguiSchedule, EguiZoomFactor, PrimaryEguiContext, egui,
};

use crate::panel::settings::PanelLayout;
use crate::view::{CurrentEye, ViewArea, same_surface, window_of};

/// The pass of the panels' own egui context, which they have only where the view's window has no other context.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PanelContextPass;

/// Where the panels are drawn in this frame.
#[derive(Resource)]
pub(super) struct PanelContext {
    /// The camera that carries the context; `None` while there is no context to draw in.
    pub camera: Option<Entity>,
    /// The window of that camera; `None` for a picture.
    pub window: Option<Entity>,
    /// The schedule in which `bevy_egui` runs that context.
    pub pass: InternedScheduleLabel,
    /// The context they were drawn in last.
    pub drawn_in: Option<egui::Context>,
}

impl Default for PanelContext {
    fn default() -> Self {
        Self { camera: None, window: None, pass: EguiPrimaryContextPass.intern(), drawn_in: None }
    }
}

/// Contexts whose cameras were despawned, waiting for another camera of the same window.
#[derive(Resource, Default)]
pub(super) struct OrphanedContexts(Vec<ContextState>);

/// All that egui remembers on a camera.
struct ContextState {
    from: Entity,
    surface: RenderTarget,
    is_primary: bool,
    pass: InternedScheduleLabel,
    context: EguiContext,
    settings: EguiContextSettings,
    input: EguiInput,
    output: EguiOutput,
    pointer: EguiContextPointerPosition,
    touch: EguiContextPointerTouchId,
}

#[derive(QueryData)]
pub(super) struct Carried {
    entity: Entity,
    surface: &'static RenderTarget,
    is_primary: Has<PrimaryEguiContext>,
    pass: &'static EguiSchedule,
    context: &'static EguiContext,
    settings: &'static EguiContextSettings,
    input: &'static EguiInput,
    output: &'static EguiOutput,
    pointer: &'static EguiContextPointerPosition,
    touch: &'static EguiContextPointerTouchId,
}

impl CarriedItem<'_, '_> {
    fn state(&self) -> ContextState {
        ContextState {
            from: self.entity,
            surface: self.surface.clone(),
            is_primary: self.is_primary,
            pass: self.pass.0,
            context: self.context.clone(),
            settings: self.settings.clone(),
            input: self.input.clone(),
            output: self.output.clone(),
            pointer: EguiContextPointerPosition { position: self.pointer.position },
            touch: EguiContextPointerTouchId { pointer_touch_id: self.touch.pointer_touch_id },
        }
    }
}

/// Keeps what a despawned camera carried: the primary context and the panels' own.
pub(super) fn keep_context(
    despawned: On<Despawn, EguiContext>,
    carriers: Query<Carried>,
    mut orphans: ResMut<OrphanedContexts>,
) {
    let Ok(carried) = carriers.get(despawned.entity) else { return };
    if carried.is_primary || carried.pass.0 == PanelContextPass.intern() {
        orphans.0.push(carried.state());
    }
}

/// A camera as a place for a context.
#[derive(Clone)]
struct CameraPlace {
    camera: Entity,
    order: isize,
    is_active: bool,
    is_whole: bool,
    is_the_views: bool,
    surface: RenderTarget,
    /// The pass of the context it carries, if `bevy_egui` runs that.
    pass: Option<InternedScheduleLabel>,
    is_primary: bool,
    is_taken: bool,
}

pub(super) type CameraQuery = QueryState<(
    Entity,
    &'static Camera,
    &'static RenderTarget,
    Option<(&'static EguiContextSettings, Option<&'static EguiSchedule>)>,
    Has<EguiContext>,
    Has<PrimaryEguiContext>,
)>;

impl CameraPlace {
    /// Whether the context it carries is the panels' own.
    fn has_panels_own(&self) -> bool {
        self.pass == Some(PanelContextPass.intern())
    }
}

/// All cameras, and how their targets compare.
struct Cameras {
    all: Vec<CameraPlace>,
    primary_window: Option<Entity>,
}

impl Cameras {
    fn look(world: &mut World, cameras: &mut CameraQuery, primary_window: Option<Entity>) -> Self {
        let views = world.get_resource::<CurrentEye>().filter(|eye| eye.is_own).and_then(|eye| eye.camera);
        let all = cameras
            .iter(world)
            .map(|(camera, state, surface, context, is_taken, is_primary)| CameraPlace {
                camera,
                order: state.order,
                is_active: state.is_active,
                is_whole: state.viewport.is_none(),
                is_the_views: views == Some(camera),
                surface: surface.clone(),
                pass: context
                    .filter(|(settings, _)| is_taken && !settings.run_manually)
                    .and_then(|(_, pass)| pass.map(|pass| pass.0)),
                is_primary,
                is_taken,
            })
            .collect();
        Self { all, primary_window }
    }

    fn with_pass(&self, wanted: impl Fn(&CameraPlace) -> bool) -> Option<&CameraPlace> {
        self.all.iter().find(|place| place.pass.is_some() && wanted(place))
    }

    fn share(&self, a: &RenderTarget, b: &RenderTarget) -> bool {
        same_surface(a, b, self.primary_window)
    }

    /// The topmost camera of a window that has room for a context: nothing is drawn over egui there.
    fn best(&self, surface: &RenderTarget) -> Option<&CameraPlace> {
        let has_room = |place: &&CameraPlace| !place.is_taken || place.has_panels_own();
        let fits = |place: &&CameraPlace| place.is_active && self.share(&place.surface, surface);
        let fitting = self.all.iter().filter(has_room).filter(fits);
        // egui fills the viewport of its camera, so one with a part of the window comes last.
        fitting.max_by_key(|place| (place.is_whole, place.order, place.camera))
    }

    /// Where a context had better be: not on the view's own camera, which lies beneath all others, nor on one asleep.
    fn better(&self, place: &CameraPlace) -> Option<&CameraPlace> {
        let best = self.best(&place.surface)?;
        let is_above = place.is_the_views && best.is_whole;
        (best.camera != place.camera && (is_above || !place.is_active)).then_some(best)
    }
}

/// Gives a context that lost its camera, or lies on the view's own beneath another, the topmost camera of its window;
/// then chooses the context that the panels are drawn in.
pub(super) fn place_context(
    world: &mut World,
    cameras: &mut CameraQuery,
    primary_windows: &mut QueryState<Entity, With<PrimaryWindow>>,
) {
    let primary_window = primary_windows.iter(world).next();
    let places = Cameras::look(world, cameras, primary_window);
    settle_primary(world, &places);
    let places = Cameras::look(world, cameras, primary_window);
    let carrier = carrier_of_panels(world, &places);
    let found = carrier.and_then(|camera| {
        // Before its camera is measured egui takes a window to be endless, and remembers panels of that size.
        world.get::<EguiInput>(camera)?.screen_rect?;
        let pass = world.get::<EguiSchedule>(camera)?.0;
        Some((camera, pass, window_of(world.get::<RenderTarget>(camera)?, primary_window)))
    });

    let mut panel = world.resource_mut::<PanelContext>();
    match found {
        Some((camera, pass, window)) => {
            (panel.camera, panel.pass, panel.window) = (Some(camera), pass, window);
        }
        None => {
            panel.camera = None;
            // Nothing is drawn, so nothing is covered.
            world.resource_mut::<PanelLayout>().set_if_neq(PanelLayout::default());
            if let Some(mut area) = world.get_resource_mut::<ViewArea>() {
                area.set_if_neq(ViewArea::default());
            }
        }
    }
}

/// Keeps the primary context in sight; a host that turned off `auto_create_primary_context` does that itself.
fn settle_primary(world: &mut World, places: &Cameras) {
    let primaries: Vec<&CameraPlace> = places.all.iter().filter(|place| place.is_primary).collect();
    let is_bevys = world.resource::<EguiGlobalSettings>().auto_create_primary_context;
    for place in primaries.iter().filter(|place| place.has_panels_own()) {
        // The host made the camera with the panels' own context its primary one.
        world.entity_mut(place.camera).insert(EguiSchedule::new(EguiPrimaryContextPass));
    }
    if primaries.is_empty() {
        let back_to_its_window = |orphan: &ContextState| places.best(&orphan.surface).filter(|_| orphan.is_primary);
        if let Some((orphan, better)) = is_bevys.then(|| take_orphan(world, back_to_its_window)).flatten() {
            put_on(world, orphan, better.camera);
        }
        return;
    }
    forget_orphans(world, |orphan| orphan.is_primary);
    match primaries[..] {
        [only] if is_bevys => {
            if let Some(better) = places.better(only) {
                move_context(world, only.camera, better.camera);
            }
        }
        [_] => {}
        // `bevy_egui` takes no two: the one that the host brought itself is the one.
        _ => primaries.iter().filter(|place| place.is_the_views).for_each(|place| discard(world, place.camera)),
    }
}

/// The camera with the context for the panels: one in the window of the view's eye. Without a view, or an eye, it is the
/// primary context wherever that is.
fn carrier_of_panels(world: &mut World, places: &Cameras) -> Option<Entity> {
    let eye = world.get_resource::<CurrentEye>().and_then(|eye| eye.camera);
    let Some(eye) = eye.and_then(|eye| places.all.iter().find(|place| place.camera == eye)) else {
        return places.with_pass(|place| place.is_primary).map(|place| place.camera);
    };
    let is_here = |place: &CameraPlace| places.share(&place.surface, &eye.surface);
    let own = places.with_pass(CameraPlace::has_panels_own);
    let hosts = places
        .with_pass(|place| is_here(place) && place.is_primary)
        .or_else(|| places.with_pass(|place| is_here(place) && !place.has_panels_own()));
    if let Some(hosts) = hosts {
        own.into_iter().for_each(|own| discard(world, own.camera));
        forget_orphans(world, |orphan| !orphan.is_primary);
        return Some(hosts.camera);
    }

    if let Some(own) = own {
        let better = if is_here(own) { places.better(own) } else { places.best(&eye.surface) };
        better.into_iter().for_each(|better| move_context(world, own.camera, better.camera));
        return better.or(is_here(own).then_some(own)).map(|place| place.camera);
    }
    let to_the_eye = |orphan: &ContextState| places.best(&eye.surface).filter(|_| !orphan.is_primary);
    if let Some((orphan, better)) = take_orphan(world, to_the_eye) {
        put_on(world, orphan, better.camera);
        return Some(better.camera);
    }
    // An app without any context gets its primary one from `bevy_egui` in the next frame, or from the host.
    if let Some(best) = places.best(&eye.surface).filter(|_| places.all.iter().any(|place| place.is_taken)) {
        world.entity_mut(best.camera).insert((EguiContext::default(), EguiSchedule::new(PanelContextPass)));
    }
    // A new context knows its size from the next frame on.
    None
}

/// A context that lost its camera, and the one that it goes to.
fn take_orphan<'s>(
    world: &mut World,
    goes_to: impl Fn(&ContextState) -> Option<&'s CameraPlace>,
) -> Option<(ContextState, &'s CameraPlace)> {
    let orphans = &mut world.resource_mut::<OrphanedContexts>().0;
    let (index, place) = orphans.iter().enumerate().find_map(|(index, orphan)| Some((index, goes_to(orphan)?)))?;
    Some((orphans.swap_remove(index), place))
}

fn forget_orphans(world: &mut World, is_needless: impl Fn(&ContextState) -> bool) {
    let needless: Vec<ContextState> =
        world.resource_mut::<OrphanedContexts>().0.extract_if(.., |orphan| is_needless(orphan)).collect();
    needless.iter().for_each(|orphan| forget_textures(world, orphan.from));
}

fn forget_textures(world: &mut World, camera: Entity) {
    world.resource_mut::<EguiManagedTextures>().0.retain(|(owner, _), _| *owner != camera);
}

fn discard(world: &mut World, camera: Entity) {
    take_off(world, camera);
    forget_textures(world, camera);
}

fn move_context(world: &mut World, from: Entity, to: Entity) {
    let mut carriers = world.query::<Carried>();
    let Ok(state) = carriers.get(world, from).map(|carried| carried.state()) else { return };
    take_off(world, from);
    put_on(world, state, to);
}

fn put_on(world: &mut World, state: ContextState, camera: Entity) {
    let ContextState { from, is_primary, pass, context, settings, input, output, pointer, touch, .. } = state;
    let mut entity = world.entity_mut(camera);
    entity.insert((context, EguiSchedule(pass), settings, input, output, pointer, touch));
    if is_primary {
        entity.insert(PrimaryEguiContext);
    }
    // egui has handed its textures over once, under the camera it was on then.
    let textures = &mut world.resource_mut::<EguiManagedTextures>().0;
    let handed: Vec<u64> = textures.keys().filter(|(owner, _)| *owner == from).map(|(_, texture)| *texture).collect();
    for texture in handed {
        if let Some(image) = textures.remove(&(from, texture)) {
            textures.insert((camera, texture), image);
        }
    }
}

/// Takes the context off a camera that stays. Its outputs stay too, empty: the renderer looks for them on every camera
/// that had a context once, and stops where they are gone.
fn take_off(world: &mut World, camera: Entity) {
    world.entity_mut(camera).insert(EguiRenderOutput::default()).remove::<(
        PrimaryEguiContext,
        EguiSchedule,
        EguiContext,
        EguiContextSettings,
        EguiInput,
        EguiZoomFactor,
        EguiFullOutput,
        EguiContextPointerPosition,
        EguiContextPointerTouchId,
        EguiContextImeState,
    )>();
}
