use bevy::prelude::*;

use super::colour_map::ColourMap;
use super::quality::Quality;

/// What the view draws and how. Change it at any time; the picture follows in the next frame.
#[derive(Resource, Reflect, Clone, Debug, PartialEq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct ViewSettings {
    /// Which layers are drawn.
    pub layers: ViewLayers,
    /// Colours of P(occupied). Default: [`ColourMap::Viridis`].
    pub probability_colours: ColourMap,
    /// Colours of the search's values. Default: [`ColourMap::Plasma`].
    pub value_colours: ColourMap,
    /// Cost of the picture. Default: [`Quality::Auto`].
    pub quality: Quality,
    /// The window the view is seen in; `None` is the primary window. With [`CapturePlugin`](super::CapturePlugin) it is
    /// that plugin's picture instead, and a camera marked [`ViewCamera`](super::ViewCamera) takes the view wherever it
    /// renders to. Default: `None`.
    pub window: Option<Entity>,
    /// Whether the view brings a [`ViewRoot`](super::ViewRoot) while the host has none. Turn it off in an app that shows the view at
    /// times only: it comes and goes with the root that the host spawns and despawns. Default: `true`.
    pub spawn_root: bool,
    /// Whether the view brings a camera, a light and a sky while the app has no active `Camera3d` that renders to the
    /// view's window. Default: `true`.
    pub spawn_camera: bool,
    /// Order of the view's own camera. It is lowered further where a camera of the host's has this order or a lower one in
    /// the same window: the own camera draws beneath all others. Default: −1.
    pub camera_order: isize,
    /// Whether the view sets the clear colour of a host's camera to `ClearColorConfig::None` while its own camera draws
    /// beneath that one, so that the 3D picture shows through; it gives `ClearColorConfig::Default` back afterwards.
    /// Only cameras without a viewport that clear to the default colour are touched. Default: `true`.
    pub draw_beneath_host: bool,
    /// How many times larger than life the target's grid and the camera's field of view are drawn at most, `1..=10`.
    /// A 20 m target seen along a 400 m orbit is a few pixels at true scale. Less where the servicer is near:
    /// [`DrawnScale`](super::DrawnScale) is what is in force. Default: 4.
    pub target_magnification: f32,
    /// How many times larger than life the 3 m servicer is drawn at most, `1..=20`; less where it is near the target. Default: 10.
    pub servicer_magnification: f32,
    /// Length of a burn arrow per m/s of Δv, m/(m/s), `0..=1e6`. Default: 1200, so 60 m for a burn of 0.05 m/s.
    pub burn_arrow_m_per_m_s: f32,
    /// P(occupied) from which a voxel is drawn solid, `0.5..=1`. Default: 0.9.
    pub confirmed_probability: f32,
    /// Opacity of a voxel nothing is known about, `0..=1`. Default: 0.22.
    pub uncertain_opacity: f32,
    /// Direction to the sun in R, T, N; any length but zero. It shades voxels and servicer. Default: up, ahead and to the side.
    pub sun_direction_rtn: Vec3,
    /// Whether the view hears the keys that show and hide layers. Default: `true`. One switch for all keys of view and panel
    /// is [`DefaultKeys`](crate::view::DefaultKeys), and [`KeyBindings`](crate::view::KeyBindings) says which they are.
    pub shortcuts: bool,
    /// Whether the view hears the keys that steer the run. A panel that hears them itself turns this off. Default: `true`.
    pub run_shortcuts: bool,
    /// Most small grids shown at once; the row says how many episodes there are if it does not show all. At
    /// most [`MOST_SMALL_GRIDS`](Self::MOST_SMALL_GRIDS). Default: 12.
    pub max_small_grids: u32,
}

impl Default for ViewSettings {
    fn default() -> Self {
        Self {
            layers: ViewLayers::default(),
            probability_colours: ColourMap::Viridis,
            value_colours: ColourMap::Plasma,
            quality: Quality::Auto,
            window: None,
            spawn_root: true,
            spawn_camera: true,
            camera_order: -1,
            draw_beneath_host: true,
            target_magnification: 4.0,
            servicer_magnification: 10.0,
            burn_arrow_m_per_m_s: 1200.0,
            confirmed_probability: 0.9,
            uncertain_opacity: 0.22,
            sun_direction_rtn: Vec3::new(0.6, 0.45, -0.66),
            shortcuts: true,
            run_shortcuts: true,
            max_small_grids: 12,
        }
    }
}

impl ViewSettings {
    /// No window has room for more small grids, and no machine for thousands of them.
    pub const MOST_SMALL_GRIDS: u32 = 64;

    /// Magnification of the target inside its accepted range.
    pub fn target_scale(&self) -> f32 {
        finite_or(self.target_magnification, 1.0).clamp(1.0, 10.0)
    }

    /// Magnification of the servicer inside its accepted range.
    pub fn servicer_scale(&self) -> f32 {
        finite_or(self.servicer_magnification, 1.0).clamp(1.0, 20.0)
    }

    /// Length of a burn arrow inside its accepted range, m/(m/s).
    pub fn arrow_scale(&self) -> f32 {
        finite_or(self.burn_arrow_m_per_m_s, 1200.0).clamp(0.0, 1e6)
    }

    /// Opacity of a voxel nothing is known about, inside its accepted range.
    pub fn opacity_of_the_unknown(&self) -> f32 {
        finite_or(self.uncertain_opacity, 0.22).clamp(0.0, 1.0)
    }

    /// Most small grids, inside the accepted range.
    pub fn small_grids(&self) -> usize {
        self.max_small_grids.min(Self::MOST_SMALL_GRIDS) as usize
    }

    /// sRGB colour of a probability of occupation.
    pub fn probability_colour(&self, probability: f32) -> [u8; 3] {
        self.probability_colours.srgb(probability)
    }

    /// sRGB colour of a search value, 0 for the worst and 1 for the best of one search.
    pub fn value_colour(&self, normalised: f32) -> [u8; 3] {
        self.value_colours.srgb(normalised)
    }

    /// The smallest byte of a belief that counts as confirmed.
    pub fn confirmed_byte(&self) -> u8 {
        (finite_or(self.confirmed_probability, 0.9).clamp(0.5, 1.0) * 255.0).round() as u8
    }

    /// Unit vector to the sun in R, T, N.
    pub fn sun_rtn(&self) -> Vec3 {
        self.sun_direction_rtn.try_normalize().unwrap_or(Vec3::X)
    }
}

fn finite_or(value: f32, fallback: f32) -> f32 {
    if value.is_finite() { value } else { fallback }
}

/// Which layers are drawn.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq)]
#[reflect(Default, Debug, Clone, PartialEq)]
pub struct ViewLayers {
    /// The belief's voxels. Default: shown.
    pub belief: bool,
    /// The true shape as a ghost, which the planner never sees. Default: hidden.
    pub truth: bool,
    /// The flown path and its burns. Default: shown.
    pub trajectory: bool,
    /// The planned path and the search's candidates. Default: shown.
    pub plan: bool,
    /// The servicer. Default: shown.
    pub servicer: bool,
    /// The field of view of the servicer's camera. Default: shown.
    pub field_of_view: bool,
    /// Axes R, T, N and range rings. Default: shown.
    pub axes: bool,
    /// The other episodes as small grids. Default: shown.
    pub small_grids: bool,
    /// Colour legend and status line inside the picture, where no panel takes part of the window. Default: shown.
    pub legend: bool,
    /// Stars and Earth; only with the view's own camera. Default: shown.
    pub sky: bool,
}

impl Default for ViewLayers {
    fn default() -> Self {
        Self {
            belief: true,
            truth: false,
            trajectory: true,
            plan: true,
            servicer: true,
            field_of_view: true,
            axes: true,
            small_grids: true,
            legend: true,
            sky: true,
        }
    }
}

/// The part of the window that nothing covers. A panel writes it, the view's own camera centres its picture in it.
#[derive(Resource, Reflect, Clone, Copy, Debug, Default, PartialEq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct ViewArea {
    /// Logical pixels, y down from the window's upper left corner; `None` is the whole window.
    pub free_rect_px: Option<Rect>,
    /// The window it was measured in; where the view is seen in another one, all of that is free. `None` is whatever the
    /// view is seen in.
    pub window: Option<Entity>,
}

impl ViewArea {
    /// The free rectangle inside a window of `size` logical pixels; never narrower or lower than 64 pixels, unless the window is.
    pub fn in_window(&self, size: Vec2) -> Rect {
        let wanted = self.free_rect_px.unwrap_or(Rect::from_corners(Vec2::ZERO, size));
        let (left, right) = clear_span(wanted.min.x, wanted.max.x, size.x);
        let (top, bottom) = clear_span(wanted.min.y, wanted.max.y, size.y);
        Rect::new(left, top, right, bottom)
    }
}

fn clear_span(start: f32, end: f32, length: f32) -> (f32, f32) {
    const MIN_FREE: f32 = 64.0;
    let start = finite_or(start, 0.0).clamp(0.0, (length - MIN_FREE).max(0.0));
    let end = finite_or(end, length).clamp((start + MIN_FREE).min(length), length);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_area_is_the_rectangle_asked_for_or_the_whole_window() {
        let window = Vec2::new(1280.0, 720.0);
        let asked = Rect::new(300.0, 40.0, 1080.0, 720.0);
        assert_eq!(ViewArea { free_rect_px: Some(asked), window: None }.in_window(window), asked);
        assert_eq!(ViewArea::default().in_window(window), Rect::new(0.0, 0.0, 1280.0, 720.0));
    }

    #[test]
    fn free_area_stays_inside_the_window_whatever_is_asked_for() {
        let window = Vec2::new(200.0, 100.0);
        for asked in [
            Rect { min: Vec2::splat(3000.0), max: Vec2::splat(-3000.0) },
            Rect { min: Vec2::NAN, max: Vec2::INFINITY },
            Rect { min: Vec2::splat(50.0), max: Vec2::splat(50.0) },
        ] {
            let area = ViewArea { free_rect_px: Some(asked), window: None }.in_window(window);
            assert!(area.width() >= 64.0 && area.height() >= 64.0, "{area:?}");
            assert!(area.min.cmpge(Vec2::ZERO).all() && area.max.cmple(window).all(), "{area:?}");
        }
    }

    #[test]
    fn every_number_stays_inside_its_range_whatever_it_is_set_to() {
        for wild in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, 1e30] {
            let settings = ViewSettings {
                target_magnification: wild,
                servicer_magnification: wild,
                burn_arrow_m_per_m_s: wild,
                confirmed_probability: wild,
                uncertain_opacity: wild,
                sun_direction_rtn: Vec3::splat(wild),
                max_small_grids: u32::MAX,
                ..Default::default()
            };
            assert!((1.0..=10.0).contains(&settings.target_scale()), "{wild}");
            assert!((1.0..=20.0).contains(&settings.servicer_scale()), "{wild}");
            assert!((0.0..=1e6).contains(&settings.arrow_scale()), "{wild}");
            assert!((128..=255).contains(&settings.confirmed_byte()), "{wild}");
            assert!((0.0..=1.0).contains(&settings.opacity_of_the_unknown()), "{wild}");
            assert!(settings.sun_rtn().is_normalized(), "{wild}: {}", settings.sun_rtn());
            assert_eq!(settings.small_grids(), 64);
        }
    }

    #[test]
    fn scales_stay_inside_their_ranges() {
        let settings = ViewSettings {
            target_magnification: f32::NAN,
            servicer_magnification: 1e9,
            confirmed_probability: -3.0,
            sun_direction_rtn: Vec3::ZERO,
            ..Default::default()
        };
        assert_eq!(settings.target_scale(), 1.0);
        assert_eq!(settings.servicer_scale(), 20.0);
        assert_eq!(settings.confirmed_byte(), 128);
        assert_eq!(settings.sun_rtn(), Vec3::X);
    }
}
