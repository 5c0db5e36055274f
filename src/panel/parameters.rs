//! Every entry of [`PARAMETERS`] as a widget: grouped, clamped to its range, marked with when a change takes effect.

use std::collections::BTreeMap;

use bevy_egui::egui::{
    Align, Button, CollapsingHeader, Color32, Label, Layout, Response, RichText, ScrollArea, Sense, TextEdit, Ui,
    WidgetInfo, WidgetType, vec2,
};

use crate::episode::{
    Applies, EpisodeSettings, PARAMETERS, ParameterGroup, ParameterId, ParameterKind, ParameterSpec, ParameterValue,
    SimCommand, SimulationSnapshot,
};
use crate::mission::Scenario;
use crate::panel::figures;
use crate::panel::parameter_topics::Topic;
use crate::panel::parameter_widget::{Edit, parameter_widget};
use crate::panel::theme::{Palette, row_tooltip, tooltip};

/// How long an edited value is shown before the simulation has confirmed it, in seconds. A refused value returns after that.
const CONFIRMATION_S: f64 = 1.0;

/// What the parameters panel remembers between frames.
#[derive(Clone, Debug, Default)]
pub struct ParametersPanelState {
    /// Only parameters whose label, path or group contains this text are shown.
    pub filter: String,
    drafts: BTreeMap<ParameterId, Draft>,
    baseline: Option<EpisodeSettings>,
}

/// A value the user has set that the snapshot does not show yet.
#[derive(Clone, Debug)]
struct Draft {
    value: ParameterValue,
    /// When it was sent; `None` while the user is still dragging.
    sent_at_s: Option<f64>,
}

impl ParametersPanelState {
    /// The value to show: the user's own until the simulation confirms or refuses it.
    fn shown(&self, id: ParameterId, in_force: &ParameterValue) -> ParameterValue {
        self.drafts.get(&id).map_or_else(|| in_force.clone(), |draft| draft.value.clone())
    }

    fn drop_settled(&mut self, settings: &EpisodeSettings, now_s: f64) {
        self.drafts.retain(|id, draft| {
            draft
                .sent_at_s
                .is_none_or(|sent_at_s| now_s - sent_at_s < CONFIRMATION_S && (id.spec().get)(settings) != draft.value)
        });
    }

    /// What ↺ returns to: the chosen scenario as it was shipped, or the reference scenario for one that was not.
    fn baseline(&mut self, scenario_name: &str) -> &EpisodeSettings {
        if self.baseline.as_ref().is_none_or(|settings| settings.scenario.name != scenario_name) {
            let mut settings = EpisodeSettings::default();
            if let Ok(scenario) = Scenario::embedded(scenario_name) {
                settings.scenario = scenario;
            }
            settings.scenario.name = scenario_name.to_owned();
            self.baseline = Some(settings);
        }
        self.baseline.get_or_insert_default()
    }
}

/// All parameters in collapsible groups below a filter box. Returns one command for every finished change.
pub fn parameters_panel(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    state: &mut ParametersPanelState,
) -> Vec<SimCommand> {
    let now_s = ui.input(|input| input.time);
    state.drop_settled(&snapshot.settings, now_s);
    let baseline = state.baseline(&snapshot.settings.scenario.name).clone();
    filter_box(ui, &mut state.filter);
    let mut commands = Vec::new();
    ScrollArea::vertical().id_salt("proxops_parameters").auto_shrink([false, false]).show(ui, |ui| {
        let before = commands.len();
        for group in ParameterGroup::ALL {
            let mut rows = Rows { snapshot, baseline: &baseline, state, now_s, commands: &mut commands };
            rows.group(ui, group);
        }
        let nothing_shown = before == commands.len() && !PARAMETERS.iter().any(|spec| matches(spec, &state.filter));
        if nothing_shown {
            ui.weak(format!("No parameter matches “{}”.", state.filter.trim()));
        }
    });
    commands
}

/// One parameter with its label, mark and reset button, wherever a host wants it. Returns a command when a change is finished.
pub fn parameter_row(
    ui: &mut Ui,
    spec: &'static ParameterSpec,
    snapshot: &SimulationSnapshot,
    state: &mut ParametersPanelState,
) -> Option<SimCommand> {
    let now_s = ui.input(|input| input.time);
    state.drop_settled(&snapshot.settings, now_s);
    let baseline = state.baseline(&snapshot.settings.scenario.name).clone();
    let mut commands = Vec::new();
    Rows { snapshot, baseline: &baseline, state, now_s, commands: &mut commands }.row(ui, spec);
    commands.pop()
}

fn filter_box(ui: &mut Ui, filter: &mut String) {
    ui.horizontal(|ui| {
        // From the right, so that the box takes what the button leaves.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !filter.is_empty() {
                let clear = ui.add(Button::new("×").small().frame(false));
                clear.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Clear filter"));
                if clear.clicked() {
                    filter.clear();
                }
            }
            let edit = TextEdit::singleline(filter).id_salt("proxops_filter").hint_text("Filter parameters");
            let response = ui.add(edit.desired_width(f32::INFINITY));
            response.widget_info(|| WidgetInfo::labeled(WidgetType::TextEdit, true, "Filter parameters"));
        });
    });
}

fn matches(spec: &ParameterSpec, filter: &str) -> bool {
    let needle = filter.trim().to_lowercase();
    needle.is_empty()
        || [spec.label, spec.id.path(), spec.group.label()].iter().any(|text| text.to_lowercase().contains(&needle))
}

/// Draws rows and collects what the user changed.
struct Rows<'a> {
    snapshot: &'a SimulationSnapshot,
    baseline: &'a EpisodeSettings,
    state: &'a mut ParametersPanelState,
    now_s: f64,
    commands: &'a mut Vec<SimCommand>,
}

impl Rows<'_> {
    fn group(&mut self, ui: &mut Ui, group: ParameterGroup) {
        let specs: Vec<_> =
            PARAMETERS.iter().filter(|spec| spec.group == group && matches(spec, &self.state.filter)).collect();
        if specs.is_empty() {
            return;
        }
        let filtered = !self.state.filter.trim().is_empty();
        CollapsingHeader::new(self.heading(ui, group, &specs))
            .id_salt(("proxops_parameter_group", group.label()))
            .default_open(matches!(group, ParameterGroup::Search | ParameterGroup::Reward | ParameterGroup::Actions))
            .open(filtered.then_some(true))
            .show_unindented(ui, |ui| {
                for spec in specs.iter().filter(|spec| Topic::of(spec.id).is_none()) {
                    self.row(ui, spec);
                }
                for topic in Topic::ALL {
                    self.topic(ui, topic, &specs, filtered);
                }
                ui.add_space(4.0);
            });
    }

    /// The parameters of one way to search: unfolded while the planner searches in that way.
    fn topic(&mut self, ui: &mut Ui, topic: Topic, specs: &[&'static ParameterSpec], filtered: bool) {
        let specs: Vec<_> = specs.iter().filter(|spec| Topic::of(spec.id) == Some(topic)).collect();
        if specs.is_empty() {
            return;
        }
        let used = topic.is_used_by(self.snapshot.settings.search.planner);
        let mut heading = RichText::new(topic.label()).color(ui.visuals().text_color());
        if !used {
            heading = RichText::new(format!("{}  ·  {}", topic.label(), topic.used_by())).weak();
        }
        CollapsingHeader::new(heading)
            .id_salt(("proxops_parameter_topic", topic.label(), used))
            .default_open(used)
            .open(filtered.then_some(true))
            .show_unindented(ui, |ui| {
                let mut hidden = 0;
                for spec in specs {
                    if filtered || !topic.hides(spec, &self.snapshot.settings) {
                        self.row(ui, spec);
                    } else {
                        hidden += 1;
                    }
                }
                if hidden > 0 {
                    ui.label(RichText::new(format!("{hidden} more belong to the other modes")).small().weak());
                }
            });
    }

    fn heading(&self, ui: &Ui, group: ParameterGroup, specs: &[&ParameterSpec]) -> RichText {
        let changed =
            specs.iter().filter(|spec| (spec.get)(&self.snapshot.settings) != (spec.get)(self.baseline)).count();
        let text =
            if changed == 0 { group.label().to_owned() } else { format!("{}  ·  {changed} changed", group.label()) };
        RichText::new(text).strong().color(ui.visuals().text_color())
    }

    fn row(&mut self, ui: &mut Ui, spec: &'static ParameterSpec) {
        let in_force = (spec.get)(&self.snapshot.settings);
        let default = (spec.get)(self.baseline);
        let shown = self.state.shown(spec.id, &in_force);
        let pending = self.snapshot.pending.contains(&spec.id);
        let row = ui.push_id(("proxops_parameter", spec.id.path()), |ui| {
            // Name and marks, then the control.
            let (label, reset) = title_line(ui, spec, &shown, &in_force, &default, pending);
            let mut edit = if reset.clicked() { Edit::Finished(default.clone()) } else { Edit::Untouched };
            let planner = self.snapshot.settings.search.planner;
            let used = Topic::of(spec.id).is_none_or(|topic| topic.is_used_by(planner));
            let relevant = used && (spec.relevant)(&self.snapshot.settings);
            let widget_edit = ui.add_enabled_ui(relevant, |ui| parameter_widget(ui, spec, &shown, &label)).inner;
            if widget_edit != Edit::Untouched {
                edit = widget_edit;
            }

            self.take(spec.id, edit, &in_force);
            reset
        });
        // All of the row explains itself, but for the button in it, which does something else.
        if !row.inner.hovered() {
            row_tooltip(ui, &row.response, || row_explanation(spec, &default, pending));
        }
    }

    fn take(&mut self, id: ParameterId, edit: Edit, in_force: &ParameterValue) {
        match edit {
            Edit::Untouched => {}
            Edit::Changing(value) => {
                self.state.drafts.insert(id, Draft { value, sent_at_s: None });
            }
            Edit::Released => {
                if let Some(draft) = self.state.drafts.remove(&id) {
                    self.send(id, draft.value, in_force);
                }
            }
            Edit::Finished(value) => self.send(id, value, in_force),
        }
    }

    fn send(&mut self, id: ParameterId, value: ParameterValue, in_force: &ParameterValue) {
        let value = clamped(id.spec(), value);
        if value == *in_force {
            self.state.drafts.remove(&id);
            return;
        }
        self.state.drafts.insert(id, Draft { value: value.clone(), sent_at_s: Some(self.now_s) });
        self.commands.push(SimCommand::SetParameter { id, value });
    }
}

/// The value inside the parameter's range, whatever a widget let through.
fn clamped(spec: &ParameterSpec, value: ParameterValue) -> ParameterValue {
    match value {
        ParameterValue::Number(number) => ParameterValue::Number(number.clamp(spec.min, spec.max)),
        ParameterValue::Integer(integer) => ParameterValue::Integer(integer.clamp(spec.min as i64, spec.max as i64)),
        other => other,
    }
}

/// The parameter's name, the button that resets it, and when a change takes effect. A name that is too long is cut off.
fn title_line(
    ui: &mut Ui,
    spec: &ParameterSpec,
    shown: &ParameterValue,
    in_force: &ParameterValue,
    default: &ParameterValue,
    pending: bool,
) -> (Response, Response) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            applies_mark(ui, spec.applies, pending);
            let reset = reset_button(ui, spec, default, shown != default);
            let label = ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let visuals = ui.visuals();
                let colour = if in_force == default { visuals.text_color() } else { visuals.strong_text_color() };
                ui.add(Label::new(RichText::new(spec.label).color(colour)).truncate())
            });
            (label.inner, reset)
        })
        .inner
    })
    .inner
}

fn reset_button(ui: &mut Ui, spec: &ParameterSpec, default: &ParameterValue, differs: bool) -> Response {
    let response = ui.add_visible(differs, Button::new("↺").small().frame(false));
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, differs, format!("Reset {}", spec.label)));
    tooltip(ui, &response, || format!("Back to {}", printed(spec, default)));
    response
}

fn applies_mark(ui: &mut Ui, applies: Applies, pending: bool) {
    let palette = Palette::of(ui);
    let colour = if pending { palette.caution } else { palette.muted };
    ui.label(RichText::new(applies.label()).small().color(colour));
    if pending {
        pending_dot(ui, palette.caution);
    }
}

fn pending_dot(ui: &mut Ui, colour: Color32) {
    let (rect, dot) = ui.allocate_exact_size(vec2(8.0, ui.spacing().interact_size.y), Sense::hover());
    ui.painter().circle_filled(rect.center(), 3.0, colour);
    dot.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, "waiting for the next episode"));
}

/// What all of a row says under the pointer.
fn row_explanation(spec: &ParameterSpec, default: &ParameterValue, pending: bool) -> String {
    let planners = Topic::of(spec.id).map_or(String::new(), |topic| format!("\nPlanners: {}", topic.used_by()));
    let waiting = if pending { "\n\nChanged, and waiting for the next episode." } else { "" };
    explanation(spec, default) + &planners + waiting
}

/// What a parameter is, its range, its default and when it takes effect.
pub fn explanation(spec: &ParameterSpec, default: &ParameterValue) -> String {
    let accepted = match spec.kind {
        ParameterKind::Number | ParameterKind::Integer => {
            format!("{} to {}", figures::plain(spec.min), spec.with_unit(figures::plain(spec.max)))
        }
        ParameterKind::Choice => (spec.choices)().join(", "),
        ParameterKind::Flag => "yes or no".to_owned(),
    };
    format!(
        "{}\n\nAccepted: {accepted}\nDefault: {}\nTakes effect: {}\nIn files: {}",
        spec.tooltip,
        printed(spec, default),
        match spec.applies {
            Applies::Now => "now, at the next decision of every running episode",
            Applies::NextEpisode => "when an episode begins; running ones keep what they have",
        },
        spec.id,
    )
}

fn printed(spec: &ParameterSpec, value: &ParameterValue) -> String {
    match value {
        ParameterValue::Number(number) => spec.with_unit(figures::plain(*number)),
        ParameterValue::Integer(integer) => spec.with_unit(integer),
        ParameterValue::Choice(name) => name.clone(),
        ParameterValue::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}
