use bevy::prelude::*;

/// Perceptually uniform colour maps that remain readable for colour-blind people. Source: `colorous` (matplotlib's maps).
#[derive(Reflect, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[reflect(Default, Debug, Clone, PartialEq, Hash)]
pub enum ColourMap {
    /// Dark violet over teal to yellow.
    #[default]
    Viridis,
    /// Dark blue over grey to yellow; the same to people with and without red-green blindness.
    Cividis,
    /// Dark blue over magenta to yellow.
    Plasma,
    /// Black over red to light yellow.
    Inferno,
    /// Black over violet to light pink.
    Magma,
}

impl ColourMap {
    /// Every map, in the order of a menu.
    pub const ALL: [Self; 5] = [Self::Viridis, Self::Cividis, Self::Plasma, Self::Inferno, Self::Magma];

    /// Entries of a baked table.
    pub const TABLE_LEN: usize = 256;

    /// Name for menus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viridis => "Viridis",
            Self::Cividis => "Cividis",
            Self::Plasma => "Plasma",
            Self::Inferno => "Inferno",
            Self::Magma => "Magma",
        }
    }

    /// sRGB colour of `fraction`, which is clamped to `0..=1`.
    pub fn srgb(self, fraction: f32) -> [u8; 3] {
        let gradient = match self {
            Self::Viridis => colorous::VIRIDIS,
            Self::Cividis => colorous::CIVIDIS,
            Self::Plasma => colorous::PLASMA,
            Self::Inferno => colorous::INFERNO,
            Self::Magma => colorous::MAGMA,
        };
        let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
        let colour = gradient.eval_continuous(f64::from(fraction));
        [colour.r, colour.g, colour.b]
    }

    /// Colour of `fraction` for Bevy.
    pub fn colour(self, fraction: f32) -> Color {
        let [r, g, b] = self.srgb(fraction);
        Color::srgb_u8(r, g, b)
    }

    /// The map as 256 linear RGBA colours, alpha 1, for a shader.
    pub fn linear_table(self) -> Vec<Vec4> {
        let last = (Self::TABLE_LEN - 1) as f32;
        (0..Self::TABLE_LEN).map(|index| self.colour(index as f32 / last).to_linear().to_vec4()).collect()
    }
}

/// One mark of a colour legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendStop {
    /// Place along the bar, 0 at its start and 1 at its end.
    pub fraction: f32,
    /// sRGB colour there.
    pub srgb: [u8; 3],
    /// What to write there; empty between the labelled marks.
    pub label: &'static str,
}

/// A colour bar with its meaning: everything a panel needs to draw a legend of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend {
    /// Quantity and unit.
    pub title: &'static str,
    /// At least two marks in rising order.
    pub stops: Vec<LegendStop>,
}

impl Legend {
    /// Legend of the belief's voxels; a probability has no unit.
    pub fn probability(map: ColourMap) -> Self {
        Self::new("P(occupied)", map, |fraction| match fraction {
            0.0 => "0",
            0.5 => "0.5",
            1.0 => "1",
            _ => "",
        })
    }

    /// Legend of the search's candidates: values scaled between the worst and the best of one search.
    pub fn value(map: ColourMap) -> Self {
        Self::new("planned value", map, |fraction| match fraction {
            0.0 => "worst",
            1.0 => "best",
            _ => "",
        })
    }

    fn new(title: &'static str, map: ColourMap, label: fn(f32) -> &'static str) -> Self {
        const STEPS: u8 = 32;
        let stops = (0..=STEPS)
            .map(|step| {
                let fraction = f32::from(step) / f32::from(STEPS);
                LegendStop { fraction, srgb: map.srgb(fraction), label: label(fraction) }
            })
            .collect();
        Self { title, stops }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_rises_along_every_map() {
        for map in ColourMap::ALL {
            let lightness = |fraction: f32| Oklaba::from(map.colour(fraction)).lightness;
            let samples: Vec<f32> = (0..=16).map(|step| lightness(step as f32 / 16.0)).collect();
            // 8-bit colours round: a fall of one part in 500 is no fall.
            assert!(samples.windows(2).all(|pair| pair[1] > pair[0] - 0.002), "{map:?}: {samples:?}");
            assert!(samples[16] - samples[0] > 0.4, "{map:?}");
        }
    }

    #[test]
    fn fractions_outside_the_range_are_clamped() {
        assert_eq!(ColourMap::Viridis.srgb(-1.0), ColourMap::Viridis.srgb(0.0));
        assert_eq!(ColourMap::Viridis.srgb(7.0), ColourMap::Viridis.srgb(1.0));
        assert_eq!(ColourMap::Viridis.srgb(f32::NAN), ColourMap::Viridis.srgb(0.0));
    }

    #[test]
    fn legend_marks_both_ends_in_the_colours_of_the_map() {
        let legend = Legend::probability(ColourMap::Cividis);
        let (first, last) = (&legend.stops[0], legend.stops.last().unwrap());
        assert_eq!((first.label, last.label), ("0", "1"));
        assert_eq!((first.srgb, last.srgb), (ColourMap::Cividis.srgb(0.0), ColourMap::Cividis.srgb(1.0)));
    }
}
