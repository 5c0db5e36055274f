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
pub(super) struct Homeless(Vec<Luggage>);

/// All that egui remembers on a camera.
struct Luggage {
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
    fn packed(&self) -> Luggage {
        Luggage {
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
    mut homeless: ResMut<Homeless>,
) {
    let Ok(carried) = carriers.get(despawned.entity) else { return };
    if carried.is_primary || carried.pass.0 == PanelContextPass.intern() {
        homeless.0.push(carried.packed());
    }
}

/// A camera as a place for a context.
#[derive(Clone)]
struct Seat {
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

pub(super) type SeatQuery = QueryState<(
    Entity,
    &'static Camera,
    &'static RenderTarget,
    Option<(&'static EguiContextSettings, Option<&'static EguiSchedule>)>,
    Has<EguiContext>,
    Has<PrimaryEguiContext>,
)>;

/// All cameras, and how their targets compare.
struct Seats {
    all: Vec<Seat>,
    primary_window: Option<Entity>,
}

impl Seats {
    fn look(world: &mut World, cameras: &mut SeatQuery, primary_window: Option<Entity>) -> Self {
        let views = world.get_resource::<CurrentEye>().filter(|eye| eye.is_own).and_then(|eye| eye.camera);
        let all = cameras
            .iter(world)
            .map(|(camera, state, surface, context, is_taken, is_primary)| Seat {
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

    fn with_pass(&self, wanted: impl Fn(&Seat) -> bool) -> Option<&Seat> {
        self.all.iter().find(|seat| seat.pass.is_some() && wanted(seat))
    }

    fn share(&self, a: &RenderTarget, b: &RenderTarget) -> bool {
        same_surface(a, b, self.primary_window)
    }

    /// The topmost camera of a window that has room for a context: nothing is drawn over egui there.
    fn best(&self, surface: &RenderTarget) -> Option<Entity> {
        let has_room = |seat: &&Seat| !seat.is_taken || seat.pass == Some(PanelContextPass.intern());
        let fits = |seat: &&Seat| seat.is_active && self.share(&seat.surface, surface);
        let fitting = self.all.iter().filter(has_room).filter(fits);
        // egui fills the viewport of its camera, so one with a part of the window comes last.
        fitting.max_by_key(|seat| (seat.is_whole, seat.order, seat.camera)).map(|seat| seat.camera)
    }

    /// Where a context had better be: not on the view's own camera, which lies beneath all others, nor on one asleep.
    fn better(&self, seat: &Seat) -> Option<Entity> {
        let best = self.all.iter().find(|best| Some(best.camera) == self.best(&seat.surface))?;
        let is_above = seat.is_the_views && best.is_whole;
        (best.camera != seat.camera && (is_above || !seat.is_active)).then_some(best.camera)
    }
}

/// Gives a context that lost its camera, or lies on the view's own beneath another, the topmost camera of its window;
/// then chooses the context that the panels are drawn in.
pub(super) fn place_context(
    world: &mut World,
    cameras: &mut SeatQuery,
    primary_windows: &mut QueryState<Entity, With<PrimaryWindow>>,
) {
    let primary_window = primary_windows.iter(world).next();
    let seats = Seats::look(world, cameras, primary_window);
    settle_primary(world, &seats);
    let seats = Seats::look(world, cameras, primary_window);
    let carrier = carrier_of_panels(world, &seats);
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
fn settle_primary(world: &mut World, seats: &Seats) {
    let primaries: Vec<&Seat> = seats.all.iter().filter(|seat| seat.is_primary).collect();
    let is_bevys = world.resource::<EguiGlobalSettings>().auto_create_primary_context;
    for seat in primaries.iter().filter(|seat| seat.pass == Some(PanelContextPass.intern())) {
        // The host made the camera with the panels' own context its primary one.
        world.entity_mut(seat.camera).insert(EguiSchedule::new(EguiPrimaryContextPass));
    }
    if primaries.is_empty() {
        let back_to_its_window = |luggage: &Luggage| seats.best(&luggage.surface).filter(|_| luggage.is_primary);
        if let Some((luggage, camera)) = is_bevys.then(|| take_homeless(world, back_to_its_window)).flatten() {
            unpack(world, luggage, camera);
        }
        return;
    }
    forget_homeless(world, |luggage| luggage.is_primary);
    match primaries[..] {
        [only] if is_bevys => {
            if let Some(better) = seats.better(only) {
                move_context(world, only.camera, better);
            }
        }
        [_] => {}
        // `bevy_egui` takes no two: the one that the host brought itself is the one.
        _ => primaries.iter().filter(|seat| seat.is_the_views).for_each(|seat| discard(world, seat.camera)),
    }
}

/// The camera with the context for the panels: one in the window of the view's eye. Without a view, or an eye, it is the
/// primary context wherever that is.
fn carrier_of_panels(world: &mut World, seats: &Seats) -> Option<Entity> {
    let eye = world.get_resource::<CurrentEye>().and_then(|eye| eye.camera);
    let Some(eye) = eye.and_then(|eye| seats.all.iter().find(|seat| seat.camera == eye)) else {
        return seats.with_pass(|seat| seat.is_primary).map(|seat| seat.camera);
    };
    let is_here = |seat: &Seat| seats.share(&seat.surface, &eye.surface);
    let is_own = |seat: &Seat| seat.pass == Some(PanelContextPass.intern());
    let own = seats.with_pass(is_own);
    let hosts = seats
        .with_pass(|seat| is_here(seat) && seat.is_primary)
        .or_else(|| seats.with_pass(|seat| is_here(seat) && !is_own(seat)));
    if let Some(hosts) = hosts {
        own.into_iter().for_each(|own| discard(world, own.camera));
        forget_homeless(world, |luggage| !luggage.is_primary);
        return Some(hosts.camera);
    }

    if let Some(own) = own {
        let better = if is_here(own) { seats.better(own) } else { seats.best(&eye.surface) };
        better.into_iter().for_each(|better| move_context(world, own.camera, better));
        return better.or(is_here(own).then_some(own.camera));
    }
    let to_the_eye = |luggage: &Luggage| seats.best(&eye.surface).filter(|_| !luggage.is_primary);
    if let Some((luggage, camera)) = take_homeless(world, to_the_eye) {
        unpack(world, luggage, camera);
        return Some(camera);
    }
    // An app without any context gets its primary one from `bevy_egui` in the next frame, or from the host.
    if let Some(camera) = seats.best(&eye.surface).filter(|_| seats.all.iter().any(|seat| seat.is_taken)) {
        world.entity_mut(camera).insert((EguiContext::default(), EguiSchedule::new(PanelContextPass)));
    }
    // A new context knows its size from the next frame on.
    None
}

/// A context that lost its camera, and the one that it goes to.
fn take_homeless(world: &mut World, goes_to: impl Fn(&Luggage) -> Option<Entity>) -> Option<(Luggage, Entity)> {
    let homeless = &mut world.resource_mut::<Homeless>().0;
    let (place, camera) = homeless.iter().enumerate().find_map(|(place, luggage)| Some((place, goes_to(luggage)?)))?;
    Some((homeless.swap_remove(place), camera))
}

fn forget_homeless(world: &mut World, is_needless: impl Fn(&Luggage) -> bool) {
    let needless: Vec<Luggage> =
        world.resource_mut::<Homeless>().0.extract_if(.., |luggage| is_needless(luggage)).collect();
    needless.iter().for_each(|luggage| forget_textures(world, luggage.from));
}

fn forget_textures(world: &mut World, camera: Entity) {
    world.resource_mut::<EguiManagedTextures>().0.retain(|(owner, _), _| *owner != camera);
}

fn discard(world: &mut World, camera: Entity) {
    leave(world, camera);
    forget_textures(world, camera);
}

fn move_context(world: &mut World, from: Entity, to: Entity) {
    let mut carriers = world.query::<Carried>();
    let Ok(luggage) = carriers.get(world, from).map(|carried| carried.packed()) else { return };
    leave(world, from);
    unpack(world, luggage, to);
}

fn unpack(world: &mut World, luggage: Luggage, camera: Entity) {
    let Luggage { from, is_primary, pass, context, settings, input, output, pointer, touch, .. } = luggage;
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
fn leave(world: &mut World, camera: Entity) {
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
