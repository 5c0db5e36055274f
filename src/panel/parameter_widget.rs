//! The control for one parameter: slider with a number to type into, list of choices or tick box.

use bevy_egui::egui::{Checkbox, ComboBox, DragValue, Response, RichText, Slider, SliderClamping, Ui};

use crate::episode::{ParameterId, ParameterKind, ParameterSpec, ParameterValue};
use crate::panel::figures;
use crate::panel::search_inspector::ORACLE_CAUTION;
use crate::panel::theme::{Palette, inherited};

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
    let suffix = if spec.unit.is_empty() { String::new() } else { format!(" {}", spec.unit) };
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
    let mut picked = None;
    let combo = ComboBox::from_id_salt("choice")
        .selected_text(shown)
        .width(ui.available_width())
        .truncate()
        .popup_style(inherited(ui));
    let response = combo
        .show_ui(ui, |ui| {
            for name in (spec.choices)() {
                if ui.selectable_label(name == shown, choice_text(ui, spec.id, &name)).clicked() {
                    picked = Some(name);
                }
            }
        })
        .response;
    response.labelled_by(label.id);
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

fn choice_text(ui: &Ui, id: ParameterId, name: &str) -> RichText {
    let text = RichText::new(choice_label(id, name));
    if is_oracle(id, name) { text.color(Palette::of(ui).caution) } else { text }
}

fn is_oracle(id: ParameterId, name: &str) -> bool {
    id.path() == "search.knowledge" && name == "oracle"
}
