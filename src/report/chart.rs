use std::path::Path;

use plotters::prelude::*;

use super::ReportError;

/// A named line of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Points (x, y).
    pub points: Vec<(f64, f64)>,
    /// Half the length of each point's error bar; empty for none.
    pub intervals: Vec<f64>,
    /// Whether it is a reference line: thin and grey, without dots.
    pub is_reference: bool,
}

/// Lines over one axis, drawn as SVG.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Above the picture.
    pub title: String,
    /// Below the x axis.
    pub x: String,
    /// Beside the y axis.
    pub y: String,
    /// Whether the x axis shows powers of two.
    pub is_logarithmic: bool,
    /// The lines.
    pub series: Vec<Series>,
}

/// Colours that colour-blind people can tell apart (Okabe & Ito 2008).
pub(super) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(170, 170, 170),
];
pub(super) const GREY: RGBColor = RGBColor(130, 130, 130);
const SIZE: (u32, u32) = (980, 420);
/// Left of it is the chart, right of it the legend, so that neither covers the other.
const LEGEND_LEFT: u32 = 740;

impl Chart {
    /// Draws the chart into an SVG file.
    ///
    /// # Errors
    /// [`ReportError::Chart`] naming the file.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| failed(path, error))?;
        super::efficiency::write_whole(path, svg.as_bytes())
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (left, legend) = root.split_horizontally(LEGEND_LEFT);
        let scaled = |x: f64| if self.is_logarithmic { x.max(f64::MIN_POSITIVE).log2() } else { x };
        let (x, y) =
            (self.range(|(x, _), _| [scaled(x), scaled(x)]), self.range(|(_, y), reach| [y - reach, y + reach]));
        let mut chart = ChartBuilder::on(&left)
            .caption(&self.title, ("sans-serif", 20))
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d(padded(x, 0.03), padded(y, 0.06))?;
        let label = |x: &f64| match self.is_logarithmic {
            true if (x - x.round()).abs() < 1e-6 => format!("{:.0}", x.exp2()),
            true => String::new(),
            false => format!("{x:.3}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        };
        let whole_steps = self.is_logarithmic || self.has_whole_steps();
        chart
            .configure_mesh()
            .x_desc(&self.x)
            .y_desc(&self.y)
            .x_labels(if whole_steps { (x.1 - x.0).round().clamp(2.0, 12.0) as usize + 2 } else { 10 })
            .x_label_formatter(&label)
            .label_style(("sans-serif", 14))
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .draw()?;
        let mut colours = COLOURS.iter().cycle();
        for (place, series) in self.series.iter().enumerate() {
            let colour = if series.is_reference { GREY } else { *colours.next().unwrap_or(&GREY) };
            let y = 52 + 24 * place as i32;
            legend.draw(&Rectangle::new([(0, y), (18, y + 4)], colour.filled()))?;
            legend.draw_text(&series.name, &("sans-serif", 14).into_font().color(&BLACK), (26, y - 6))?;
            let points: Vec<_> = series.points.iter().map(|&(x, y)| (scaled(x), y)).collect();
            let style = colour.stroke_width(if series.is_reference { 1 } else { 2 });
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
            if !series.is_reference {
                chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
            }
            let bars = points.iter().zip(&series.intervals);
            chart.draw_series(bars.map(|(&(x, y), reach)| {
                ErrorBar::new_vertical(x, y - reach, y, y + reach, colour.stroke_width(1), 8)
            }))?;
        }
        root.present()?;
        Ok(())
    }

    fn has_whole_steps(&self) -> bool {
        self.series.iter().flat_map(|series| &series.points).all(|(x, _)| x.fract() == 0.0)
    }

    /// Smallest and largest of what `ends` gives for the points and their intervals; (0, 1) for no points.
    fn range(&self, ends: impl Fn((f64, f64), f64) -> [f64; 2]) -> (f64, f64) {
        let mut range = (f64::INFINITY, f64::NEG_INFINITY);
        for series in &self.series {
            for (index, &point) in series.points.iter().enumerate() {
                let reach = series.intervals.get(index).copied().filter(|reach| reach.is_finite()).unwrap_or(0.0);
                for end in ends(point, reach) {
                    range = (range.0.min(end), range.1.max(end));
                }
            }
        }
        if range.0.is_finite() && range.1.is_finite() { range } else { (0.0, 1.0) }
    }
}

fn padded((low, high): (f64, f64), share: f64) -> std::ops::Range<f64> {
    let margin = (share * (high - low)).max(1e-9 * high.abs().max(1e-9));
    low - margin..high + margin
}

pub(super) fn failed(path: &Path, error: impl std::fmt::Display) -> ReportError {
    ReportError::Chart { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_of_any_points_are_pictures_with_their_names_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.svg");
        let series =
            |points: &[(f64, f64)]| Series { name: "cost".into(), points: points.to_vec(), ..Series::default() };
        for points in [&[][..], &[(1.0, 2.0)], &[(1.0, 2.0), (2.0, 2.0)], &[(1.0, -1.0), (32.0, 5.0)]] {
            for is_logarithmic in [false, true] {
                let chart = Chart {
                    title: "Quality".into(),
                    x: "leaves".into(),
                    y: "regret".into(),
                    is_logarithmic,
                    series: vec![Series { intervals: vec![0.5; points.len()], ..series(points) }],
                };
                chart.write(&path).unwrap();
                let svg = std::fs::read_to_string(&path).unwrap();
                assert!(
                    ["<svg", "Quality", "leaves", "regret", "cost", "</svg>"].iter().all(|text| svg.contains(text))
                );
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let error = Chart::default().write(&folder.path().join("file/chart.svg")).unwrap_err().to_string();
        assert!(error.contains("chart.svg"), "{error}");
    }
}
