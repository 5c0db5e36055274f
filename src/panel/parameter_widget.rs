//! The control for one parameter: slider with a number to type into, list of choices or tick box.

use bevy_egui::egui::{Checkbox, DragValue, Response, RichText, Slider, SliderClamping, Ui};

use crate::episode::{ParameterId, ParameterKind, ParameterSpec, ParameterValue};
use crate::panel::choice_menu::ChoiceMenu;
use crate::panel::figures;
use crate::panel::search_inspector::ORACLE_CAUTION;
use crate::panel::theme::Palette;

const NUMBER_WIDTH: f32 = 92.0;

/// What the user did to a control in this frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    /// Nothing.
    Untouched,
    /// Is dragging; the value is not final.
    Changing(ParameterValue),
    /// Let go of what was being dragged; the last value is final.
    Released,
    /// Set a final value.
    Finished(ParameterValue),
}

/// The control that suits the parameter's kind, showing `shown`, named by `label` for assistive technology.
pub(super) fn parameter_widget(ui: &mut Ui, spec: &ParameterSpec, shown: &ParameterValue, label: &Response) -> Edit {
    match shown {
        ParameterValue::Number(number) => number_widget(ui, spec, *number, label),
        ParameterValue::Integer(integer) => number_widget(ui, spec, *integer as f64, label),
        ParameterValue::Choice(name) => choice_widget(ui, spec, name, label),
        ParameterValue::Flag(flag) => flag_widget(ui, *flag, label),
    }
}

fn number_widget(ui: &mut Ui, spec: &ParameterSpec, shown: f64, label: &Response) -> Edit {
    let mut value = shown;
    let (slider, number) = ui
        .horizontal(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - NUMBER_WIDTH - 8.0).max(32.0);
            let slider = ui.add(slider(spec, &mut value)).labelled_by(label.id);
            let size = bevy_egui::egui::vec2(NUMBER_WIDTH, ui.spacing().interact_size.y);
            let number = ui.add_sized(size, drag_value(spec, &mut value)).labelled_by(label.id);
            (slider, number)
        })
        .inner;
    let wrapped = match spec.kind {
        ParameterKind::Integer => ParameterValue::Integer(value.round() as i64),
        _ => ParameterValue::Number(value),
    };
    let changed = slider.changed() || number.changed();
    if changed && (slider.dragged() || number.dragged()) {
        Edit::Changing(wrapped)
    } else if changed {
        Edit::Finished(wrapped)
    } else if slider.drag_stopped() || number.drag_stopped() {
        Edit::Released
    } else {
        Edit::Untouched
    }
}

fn slider<'a>(spec: &ParameterSpec, value: &'a mut f64) -> Slider<'a> {
    let slider = Slider::new(value, spec.min..=spec.max)
        .logarithmic(spec.logarithmic)
        .clamping(SliderClamping::Edits)
        .show_value(false);
    if spec.kind == ParameterKind::Integer { slider.integer() } else { slider }
}

fn drag_value<'a>(spec: &ParameterSpec, value: &'a mut f64) -> DragValue<'a> {
    let integer = spec.kind == ParameterKind::Integer;
    let span = if spec.logarithmic { value.abs().max(spec.min) * 5.0 } else { spec.max - spec.min };
    let speed = if integer { (span / 500.0).max(0.1) } else { span / 500.0 };
    let suffix = spec.with_unit("");
    let number = DragValue::new(value)
        .range(spec.min..=spec.max)
        .clamp_existing_to_range(false)
        .speed(speed)
        .suffix(suffix)
        .update_while_editing(false)
        .custom_formatter(|value, _| figures::plain(value));
    if integer { number.fixed_decimals(0) } else { number }
}

fn choice_widget(ui: &mut Ui, spec: &ParameterSpec, shown: &str, label: &Response) -> Edit {
    let menu = ChoiceMenu { id_salt: "choice", chosen: shown, width: ui.available_width() };
    let entries = choice_entries(Palette::of(ui), spec);
    let (closed, picked) = menu.show(ui, entries);
    closed.labelled_by(label.id);
    if is_oracle(spec.id, shown) {
        ui.label(RichText::new(ORACLE_CAUTION).small().color(Palette::of(ui).caution));
    }
    picked.map_or(Edit::Untouched, |name| Edit::Finished(ParameterValue::Choice(name)))
}

fn flag_widget(ui: &mut Ui, shown: bool, label: &Response) -> Edit {
    let mut flag = shown;
    let response = ui.add(Checkbox::without_text(&mut flag)).labelled_by(label.id);
    if response.changed() { Edit::Finished(ParameterValue::Flag(flag)) } else { Edit::Untouched }
}

/// The name a choice is shown by; the oracle never without its caution.
pub fn choice_label(id: ParameterId, name: &str) -> String {
    if is_oracle(id, name) { format!("{name} ({ORACLE_CAUTION})") } else { name.to_owned() }
}

/// The choices of a parameter for a menu.
pub(super) fn choice_entries(palette: &Palette, spec: &ParameterSpec) -> impl Iterator<Item = (String, RichText)> {
    let (id, caution) = (spec.id, palette.caution);
    (spec.choices)().into_iter().map(move |name| {
        let text = RichText::new(choice_label(id, &name));
        let text = if is_oracle(id, &name) { text.color(caution) } else { text };
        (name, text)
    })
}

fn is_oracle(id: ParameterId, name: &str) -> bool {
    id.path() == "search.knowledge" && name == "oracle"
}
