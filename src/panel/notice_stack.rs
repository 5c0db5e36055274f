//! The newest notices in one small stack: what was refused and why, and what was done differently.

use bevy_egui::egui::{
    Align, Button, Color32, Frame, Label, Layout, Margin, Sense, Stroke, TextFormat, TextStyle, Ui, WidgetInfo,
    WidgetType, text::LayoutJob,
};

use crate::episode::{Notice, NoticeSeverity};
use crate::panel::notices::{LoggedNotice, NoticesState};
use crate::panel::theme::Palette;

/// Lines of a notice in the stack; the log shows all of them.
const MOST_LINES: usize = 6;
/// How often a window that is drawn only on events looks whether a warning is over, in seconds.
const LOOK_AGAIN_S: f32 = 0.25;

/// One error and a few warnings, newest first, each with a button to dismiss it. Warnings go by themselves unless the
/// pointer is over them; behind "more" is the log.
pub fn notices_panel(ui: &mut Ui, notices: &[Notice], state: &mut NoticesState) {
    state.take(notices, ui.input(|input| input.time));
    let (shown, behind) = state.stack();
    let Some(worst) = state.worst_standing() else {
        state.hovered = false;
        return;
    };
    let opacity = shown.iter().map(|notice| notice.opacity()).fold(0.0, f32::max);
    ui.ctx().request_repaint_after_secs(LOOK_AGAIN_S);

    // Draw, and collect what is clicked.
    let mut dismissed = None;
    let (mut dismiss_all, mut open_log) = (false, false);
    let frame = Frame::new()
        .fill(ui.visuals().window_fill)
        .stroke(Stroke::new(1.0, colour(worst, Palette::of(ui))))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(8, 6));
    let stack = ui.scope(|ui| {
        ui.multiply_opacity(opacity);
        frame.show(ui, |ui| {
            for notice in &shown {
                ui.scope(|ui| {
                    ui.multiply_opacity(notice.opacity() / opacity.max(f32::EPSILON));
                    if line(ui, notice) {
                        dismissed = Some(notice.text.clone());
                    }
                });
            }
            if behind > 0 || shown.len() > 1 {
                ui.horizontal(|ui| {
                    open_log = behind > 0 && ui.small_button(format!("{behind} more")).clicked();
                    dismiss_all = ui.small_button("Dismiss all").clicked();
                });
            }
        });
    });
    let over_all = ui.interact(stack.response.rect, ui.id().with("notices"), Sense::hover());
    state.hovered = over_all.contains_pointer();

    // Do what was asked.
    state.log_open |= open_log;
    if let Some(text) = dismissed {
        state.dismiss(&text);
    }
    if dismiss_all {
        state.dismiss_all();
    }
}

/// Draws one notice; whether it was dismissed.
fn line(ui: &mut Ui, notice: &LoggedNotice) -> bool {
    ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
        let button = ui.add(Button::new("×").small().frame(false));
        button.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Dismiss notice"));
        ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
            let mut job = words(ui, notice);
            job.wrap.max_rows = MOST_LINES;
            ui.add(Label::new(job).wrap());
        });
        button.clicked()
    })
    .inner
}

/// What it is and what it says, with how often it came.
pub(super) fn words(ui: &Ui, notice: &LoggedNotice) -> LayoutJob {
    let palette = Palette::of(ui);
    let font = TextStyle::Body.resolve(ui.style());
    let (title, colour) = (title(notice.severity), colour(notice.severity, palette));
    let format = |colour: Color32| TextFormat { font_id: font.clone(), color: colour, ..TextFormat::default() };
    let mut job = LayoutJob::default();
    job.append(title, 0.0, format(colour));
    if notice.count > 1 {
        job.append(&format!(" ×{}", notice.count), 0.0, format(palette.muted));
    }
    job.append(&format!(": {}", notice.text), 0.0, format(ui.visuals().text_color()));
    job
}

fn title(severity: NoticeSeverity) -> &'static str {
    match severity {
        NoticeSeverity::Error => "Not done",
        NoticeSeverity::Warning => "Please note",
        NoticeSeverity::Info => "Done",
    }
}

pub(super) fn colour(severity: NoticeSeverity, palette: &Palette) -> Color32 {
    match severity {
        NoticeSeverity::Error => palette.error,
        NoticeSeverity::Warning => palette.caution,
        NoticeSeverity::Info => palette.accent,
    }
}
