//! Where the workers' time goes: a stacked bar with its legend beside it.

use bevy_egui::egui::{Align2, Color32, FontId, Rect, Sense, TextStyle, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::episode::TimeSplit;
use crate::panel::figures;
use crate::panel::theme::{Palette, tooltip};

const BAR_HEIGHT: f32 = 10.0;
const LEAST_BAR_WIDTH: f32 = 140.0;
const SWATCH: f32 = 9.0;
const GAP: f32 = 12.0;
/// Width of "100 %" in the legend's font; shares may change without moving anything.
const SHARE_WIDTH: f32 = 34.0;

/// One part of the bar.
struct Part {
    name: &'static str,
    meaning: &'static str,
    share: f64,
    colour: Color32,
}

fn parts(split: &TimeSplit, palette: &Palette) -> [Part; 7] {
    let part = |name, meaning, share, colour| Part { name, meaning, share, colour };
    [
        part("tree", "walking trees, making nodes, backing values up", split.tree, palette.entropy),
        part("orbit", "burns and propagation, in searches and in flight", split.orbit, palette.orbit),
        part("rays", "images: imagined shapes, ray casting, noise", split.rays, palette.dv),
        part("belief", "belief updates", split.belief, palette.range),
        part("network wait", "waiting for the network", split.network, palette.network),
        part("other", "everything else: leaves written, commands, records, snapshots", split.other, palette.floor),
        part("idle", "waiting for work: for the pace, for Play, for another worker", split.idle, palette.track),
    ]
}

/// The bar over the width that is left, with names and shares as far as they fit.
pub(super) fn time_split_bar(ui: &mut Ui, split: &TimeSplit) {
    let palette = Palette::of(ui);
    let parts = parts(split, palette);
    let font = TextStyle::Small.resolve(ui.style());
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y - 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, in_words(&parts, false)));
    if ui.is_rect_visible(rect) {
        let legend = Legend::fitting(ui, rect.width(), &parts, &font);
        let bar_width = rect.width() - legend.width;
        paint_bar(ui, Rect::from_min_size(rect.min, vec2(bar_width, rect.height())), &parts);
        legend.paint(ui, rect.with_min_x(rect.left() + bar_width), &parts, &font);
    }
    tooltip(ui, &response, || format!("Where the workers' time goes\n{}", in_words(&parts, true)));
}

fn in_words(parts: &[Part], with_meaning: bool) -> String {
    let word = |part: &Part| match with_meaning {
        true => format!("{} {}: {}", figures::percent(part.share), part.name, part.meaning),
        false => format!("{} {}", part.name, figures::share(part.share)),
    };
    parts.iter().map(word).collect::<Vec<_>>().join(if with_meaning { "\n" } else { ", " })
}

fn paint_bar(ui: &Ui, rect: Rect, parts: &[Part]) {
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), BAR_HEIGHT));
    ui.painter().rect_filled(bar, 2.0, Palette::of(ui).track);
    let mut left = bar.left();
    for part in parts {
        let right = (left + bar.width() * part.share.clamp(0.0, 1.0) as f32).min(bar.right());
        // A thin gap parts neighbours also for those who cannot tell their colours apart.
        let end = if right - left > 3.0 { right - 1.0 } else { right };
        ui.painter().rect_filled(Rect::from_min_max(pos2(left, bar.top()), pos2(end, bar.bottom())), 0.0, part.colour);
        left = right;
    }
}

/// How much of the legend there is room for.
struct Legend {
    name_widths: Vec<f32>,
    with_shares: bool,
    width: f32,
}

impl Legend {
    fn fitting(ui: &Ui, available: f32, parts: &[Part], font: &FontId) -> Self {
        let text_width =
            |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), Color32::WHITE).size().x;
        let name_widths: Vec<f32> = parts.iter().map(|part| text_width(part.name)).collect();
        let names: f32 = name_widths.iter().map(|width| GAP + SWATCH + 4.0 + width).sum();
        let with_shares = names + parts.len() as f32 * SHARE_WIDTH;
        if available - with_shares >= LEAST_BAR_WIDTH {
            Self { name_widths, with_shares: true, width: with_shares }
        } else if available - names >= LEAST_BAR_WIDTH {
            Self { name_widths, with_shares: false, width: names }
        } else {
            Self { name_widths: Vec::new(), with_shares: false, width: 0.0 }
        }
    }

    fn paint(&self, ui: &Ui, rect: Rect, parts: &[Part], font: &FontId) {
        let (muted, strong) = (Palette::of(ui).muted, ui.visuals().text_color());
        let mut x = rect.left();
        for (part, name_width) in parts.iter().zip(&self.name_widths) {
            x += GAP;
            let swatch = Rect::from_min_size(pos2(x, rect.center().y - SWATCH / 2.0), vec2(SWATCH, SWATCH));
            ui.painter().rect_filled(swatch, 2.0, part.colour);
            x += SWATCH + 4.0;
            ui.painter().text(pos2(x, rect.center().y), Align2::LEFT_CENTER, part.name, font.clone(), muted);
            x += name_width;
            if self.with_shares {
                x += SHARE_WIDTH;
                let share = figures::share(part.share);
                ui.painter().text(pos2(x, rect.center().y), Align2::RIGHT_CENTER, share, font.clone(), strong);
            }
        }
    }
}
