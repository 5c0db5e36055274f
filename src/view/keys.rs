//! The default keys of view and panel: what there is to do, with which keys, and when they are heard.

use std::fmt;

use bevy::input::keyboard::{Key, KeyCode};
use bevy::prelude::*;

use crate::episode::{SimCommand, SimulationSnapshot, Speed};
use crate::mission::Seed;

/// Whether the default keys of view and panel do anything. Change it at any time;
/// [`ProxOpsPlugins::default_keys`](crate::ProxOpsPlugins) sets it at the start. Single keys are changed in [`KeyBindings`].
#[derive(Resource, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub enum DefaultKeys {
    /// None of them does anything, whatever [`ViewSettings`](crate::view::ViewSettings) and `PanelSettings` say.
    Off,
    /// They work while [`KeyFocus`] is `true`. The default.
    #[default]
    WithFocus,
    /// They work in any case, as long as no text is being typed.
    Always,
}

/// Whether the keyboard is with view and panel.
///
/// Where the view is seen through its own camera it has the focus from the beginning. Where it is seen through a camera of
/// the host's, the keys are the host's until one of the panels is clicked. A click on a panel, or on the picture of the view's own
/// camera, gives the focus; a click anywhere else takes it. A host may set it, too.
#[derive(Resource, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct KeyFocus(pub bool);

/// Switch and bindings of the keys.
pub(crate) struct KeysPlugin;

impl Plugin for KeysPlugin {
    fn build(&self, app: &mut App) {
        app.register_type::<DefaultKeys>()
            .register_type::<KeyFocus>()
            .register_type::<KeyBindings>()
            .init_resource::<DefaultKeys>()
            .init_resource::<KeyFocus>()
            .init_resource::<KeyBindings>();
    }

    fn is_unique(&self) -> bool {
        false
    }
}

impl DefaultKeys {
    /// Whether the keys work now.
    pub fn work(self, focus: KeyFocus) -> bool {
        match self {
            Self::Off => false,
            Self::WithFocus => focus.0,
            Self::Always => true,
        }
    }
}

/// What a key can do.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[reflect(Debug, Clone, PartialEq, Hash)]
#[non_exhaustive]
pub enum KeyAction {
    /// Plays or pauses.
    PlayOrPause,
    /// Pauses, then lets every episode make one decision.
    StepOnce,
    /// Starts all episodes anew with the same seed.
    Restart,
    /// Starts all episodes anew with the next seed.
    RestartWithNextSeed,
    /// Puts the previous episode in focus.
    PreviousEpisode,
    /// Puts the next episode in focus.
    NextEpisode,
    /// Halves the speed.
    HalveSpeed,
    /// Doubles the speed.
    DoubleSpeed,
    /// Runs as fast as the cores allow, or at 1× again.
    FullSpeed,
    /// Hides or shows the panels.
    TogglePanels,
    /// Opens or closes the help.
    ToggleHelp,
    /// Closes the help.
    CloseHelp,
    /// Shows or hides the belief.
    ToggleBelief,
    /// Shows or hides the flown path.
    ToggleTrajectory,
    /// Shows or hides the plan.
    TogglePlan,
    /// Shows or hides the servicer.
    ToggleServicer,
    /// Shows or hides the field of view of the servicer's camera.
    ToggleFieldOfView,
    /// Shows or hides axes and range rings.
    ToggleAxes,
    /// Shows or hides the small grids.
    ToggleSmallGrids,
    /// Shows or hides the true shape.
    ToggleTruth,
    /// Frames the whole scene.
    FrameScene,
}

/// Who hears a key, and under which heading the help lists it.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[reflect(Debug, Clone, PartialEq, Hash)]
#[non_exhaustive]
pub enum KeyGroup {
    /// Steers the run: heard by the panel while `PanelSettings::shortcuts` is on, else by the view while
    /// [`ViewSettings::run_shortcuts`](crate::view::ViewSettings) is on.
    Run,
    /// Shows and hides panels: heard by the panel while `PanelSettings::shortcuts` is on.
    Panel,
    /// Shows and hides layers: heard by the view while [`ViewSettings::shortcuts`](crate::view::ViewSettings) is on.
    View,
}

/// Every action with its group, what it does and its default keys: the one table of keys.
const ACTIONS: [(KeyAction, KeyGroup, &str, &[&str]); 21] = {
    use KeyAction as A;
    use KeyGroup::{Panel, Run, View};
    [
        (A::PlayOrPause, Run, "play or pause", &["Space"]),
        (A::StepOnce, Run, "pause, then one decision of every episode", &["N", "."]),
        (A::Restart, Run, "start all episodes anew with the same seed", &["R"]),
        (A::RestartWithNextSeed, Run, "start all episodes anew with the next seed", &["Shift+R"]),
        (A::PreviousEpisode, Run, "put the previous episode in focus", &["["]),
        (A::NextEpisode, Run, "put the next episode in focus", &["]"]),
        (A::HalveSpeed, Run, "half the speed", &["-"]),
        (A::DoubleSpeed, Run, "double the speed", &["+", "="]),
        (A::FullSpeed, Run, "as fast as the cores allow, or back to 1×", &["M"]),
        (A::TogglePanels, Panel, "hide or show the panels", &["H"]),
        (A::ToggleHelp, Panel, "this help", &["F1"]),
        (A::CloseHelp, Panel, "close this help", &["Esc"]),
        (A::ToggleBelief, View, "show or hide the belief", &["1"]),
        (A::ToggleTrajectory, View, "show or hide the flown path and its burns", &["2"]),
        (A::TogglePlan, View, "show or hide the plan and the search's candidates", &["3"]),
        (A::ToggleServicer, View, "show or hide the servicer", &["4"]),
        (A::ToggleFieldOfView, View, "show or hide the field of view of its camera", &["7"]),
        (A::ToggleAxes, View, "show or hide axes and range rings", &["5"]),
        (A::ToggleSmallGrids, View, "show or hide the small grids", &["6"]),
        (A::ToggleTruth, View, "show or hide the true shape", &["G"]),
        (A::FrameScene, View, "frame the whole scene", &["F"]),
    ]
};

impl KeyAction {
    /// Every action, in the order of the help.
    pub fn all() -> impl Iterator<Item = Self> {
        ACTIONS.iter().map(|(action, ..)| *action)
    }

    fn entry(self) -> &'static (Self, KeyGroup, &'static str, &'static [&'static str]) {
        // Tested: every action stands in the table at the place of its number.
        &ACTIONS[self as usize]
    }

    /// Who hears its keys.
    pub fn group(self) -> KeyGroup {
        self.entry().1
    }

    /// What it does, for a help text.
    pub fn does(self) -> &'static str {
        self.entry().2
    }

    /// The command to the run; `None` for what belongs to view or panel, and where no episode flies.
    pub fn command(self, snapshot: &SimulationSnapshot) -> Option<SimCommand> {
        Some(match self {
            Self::PlayOrPause if snapshot.paused => SimCommand::Play,
            Self::PlayOrPause => SimCommand::Pause,
            Self::StepOnce => SimCommand::StepOnce,
            Self::Restart => SimCommand::Reset { seed: None },
            Self::RestartWithNextSeed => {
                SimCommand::Reset { seed: Some(Seed(snapshot.settings.seed.0.wrapping_add(1))) }
            }
            Self::PreviousEpisode => SimCommand::Focus(neighbour(snapshot, -1)?),
            Self::NextEpisode => SimCommand::Focus(neighbour(snapshot, 1)?),
            Self::HalveSpeed => SimCommand::SetSpeed(scaled(snapshot.settings.speed, 0.5)),
            Self::DoubleSpeed => SimCommand::SetSpeed(scaled(snapshot.settings.speed, 2.0)),
            Self::FullSpeed if snapshot.settings.speed == Speed::Max => SimCommand::SetSpeed(Speed::default()),
            Self::FullSpeed => SimCommand::SetSpeed(Speed::Max),
            _ => return None,
        })
    }
}

/// Number of the episode `offset` slots from the focused one, round the end.
fn neighbour(snapshot: &SimulationSnapshot, offset: isize) -> Option<u32> {
    let slot = snapshot.episodes.iter().position(|episode| episode.number == snapshot.focus).unwrap_or(0);
    let count = isize::try_from(snapshot.episodes.len()).ok().filter(|&count| count > 0)?;
    let next = (slot as isize + offset).rem_euclid(count);
    snapshot.episodes.get(next as usize).map(|episode| episode.number)
}

fn scaled(speed: Speed, factor: f64) -> Speed {
    match speed {
        Speed::Rate(rate) => Speed::Rate((rate * factor).clamp(Speed::MIN_RATE, Speed::MAX_RATE)),
        Speed::Max if factor < 1.0 => Speed::Rate(Speed::MAX_RATE),
        Speed::Max => Speed::Max,
    }
}

/// A key as it is printed on the keyboard in use, with or without Shift. With Ctrl, Alt or Super every key is others'.
///
/// Shift counts for letters and named keys (F1, Space); a sign such as `+` is itself, however it is typed.
#[derive(Reflect, Clone, Debug, PartialEq, Eq, Hash)]
#[reflect(Debug, Clone, PartialEq, Hash)]
pub struct KeyChord {
    /// The key; the case of a letter does not count.
    pub key: Key,
    /// Whether Shift is held.
    pub shift: bool,
}

impl KeyChord {
    /// A key without Shift.
    pub fn new(key: Key) -> Self {
        Self { key, shift: false }
    }

    /// A letter, digit or sign without Shift.
    pub fn character(character: char) -> Self {
        Self::new(Key::Character(character.to_string().into()))
    }

    /// The same key with Shift.
    pub fn with_shift(self) -> Self {
        Self { shift: true, ..self }
    }

    /// The keys of the table; a test goes through all of them.
    fn of_table(name: &str) -> Self {
        if let Some(shifted) = name.strip_prefix("Shift+") {
            return Self::of_table(shifted).with_shift();
        }
        match name {
            "Space" => Self::new(Key::Space),
            "Esc" => Self::new(Key::Escape),
            "F1" => Self::new(Key::F1),
            sign => Self::new(Key::Character(sign.into())),
        }
    }

    fn minds_shift(&self) -> bool {
        match &self.key {
            Key::Character(text) => text.chars().all(char::is_alphabetic),
            _ => true,
        }
    }

    /// Whether Shift is as this chord wants it.
    pub(crate) fn agrees_with_shift(&self, shift: bool) -> bool {
        self.shift == shift || !self.minds_shift()
    }

    /// Whether this is the key that was pressed. Where the keyboard in use gives it no name, and for digits, which some
    /// keyboards have with Shift only, its place on an American keyboard counts.
    fn is_pressed_by(&self, logical: &Key, position: KeyCode, shift: bool) -> bool {
        let is_nameless = matches!(logical, Key::Dead(_) | Key::Unidentified(_));
        let is_digit = matches!(&self.key, Key::Character(text) if text.chars().all(|sign| sign.is_ascii_digit()));
        let by_place = (is_nameless || is_digit) && position_of(&self.key) == Some(position);
        (by_place || same_key(&self.key, logical)) && self.agrees_with_shift(shift)
    }
}

impl From<char> for KeyChord {
    fn from(character: char) -> Self {
        Self::character(character)
    }
}

impl From<Key> for KeyChord {
    fn from(key: Key) -> Self {
        Self::new(key)
    }
}

impl fmt::Display for KeyChord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shift {
            formatter.write_str("Shift+")?;
        }
        match &self.key {
            Key::Character(text) if text == "-" => formatter.write_str("−"),
            Key::Character(text) => formatter.write_str(&text.to_uppercase()),
            Key::Escape => formatter.write_str("Esc"),
            named => write!(formatter, "{named:?}"),
        }
    }
}

fn same_key(one: &Key, other: &Key) -> bool {
    match (one, other) {
        (Key::Character(one), Key::Character(other)) => one.to_lowercase() == other.to_lowercase(),
        (one, other) => one == other,
    }
}

/// Where an American keyboard has a key.
fn position_of(key: &Key) -> Option<KeyCode> {
    use KeyCode::*;
    const LETTERS: [KeyCode; 26] = [
        KeyA, KeyB, KeyC, KeyD, KeyE, KeyF, KeyG, KeyH, KeyI, KeyJ, KeyK, KeyL, KeyM, KeyN, KeyO, KeyP, KeyQ, KeyR,
        KeyS, KeyT, KeyU, KeyV, KeyW, KeyX, KeyY, KeyZ,
    ];
    const DIGITS: [KeyCode; 10] = [Digit0, Digit1, Digit2, Digit3, Digit4, Digit5, Digit6, Digit7, Digit8, Digit9];
    match key {
        Key::Space => Some(Space),
        Key::Escape => Some(Escape),
        Key::F1 => Some(F1),
        Key::Character(text) => {
            let mut signs = text.chars();
            let (sign, None) = (signs.next()?.to_ascii_lowercase(), signs.next()) else { return None };
            match sign {
                'a'..='z' => LETTERS.get(sign as usize - 'a' as usize).copied(),
                '0'..='9' => DIGITS.get(sign as usize - '0' as usize).copied(),
                '.' => Some(Period),
                '[' => Some(BracketLeft),
                ']' => Some(BracketRight),
                '-' => Some(Minus),
                '+' | '=' => Some(Equal),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Which keys do what. A host changes any of them, or takes it away:
///
/// ```
/// use bevy_proxops::view::{KeyAction, KeyBindings};
///
/// let mut keys = KeyBindings::default();
/// keys.bind(KeyAction::PlayOrPause, ['P']);
/// keys.unbind(KeyAction::Restart);
/// assert_eq!(keys.text(KeyAction::PlayOrPause), "P");
/// assert_eq!(keys.text(KeyAction::Restart), "");
/// ```
///
/// In an app it is a resource. A key that is bound to two actions does both. The help lists what is in force.
#[derive(Resource, Reflect, Clone, Debug, PartialEq, Eq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct KeyBindings {
    /// In the order of [`ACTIONS`].
    chords: Vec<Vec<KeyChord>>,
}

impl Default for KeyBindings {
    fn default() -> Self {
        let chords = |names: &[&str]| names.iter().map(|name| KeyChord::of_table(name)).collect();
        Self { chords: ACTIONS.iter().map(|(.., names)| chords(names)).collect() }
    }
}

impl KeyBindings {
    /// No key does anything, until it is bound.
    pub fn none() -> Self {
        Self { chords: vec![Vec::new(); ACTIONS.len()] }
    }

    /// The keys of an action; none if it has been taken away.
    pub fn chords(&self, action: KeyAction) -> &[KeyChord] {
        self.chords.get(action as usize).map_or(&[], Vec::as_slice)
    }

    /// Gives an action these keys instead of those it has.
    pub fn bind<K: Into<KeyChord>>(&mut self, action: KeyAction, keys: impl IntoIterator<Item = K>) {
        // A host may have made the list shorter through reflection.
        self.chords.resize(ACTIONS.len(), Vec::new());
        self.chords[action as usize] = keys.into_iter().map(Into::into).collect();
    }

    /// Takes its keys away from an action.
    pub fn unbind(&mut self, action: KeyAction) {
        self.bind::<KeyChord>(action, []);
    }

    /// The keys of an action as a help text names them: `N or .`.
    pub fn text(&self, action: KeyAction) -> String {
        self.chords(action).iter().map(KeyChord::to_string).collect::<Vec<_>>().join(" or ")
    }

    /// Every action of a group that has a key, with its keys and what it does.
    pub fn listed(&self, group: KeyGroup) -> Vec<(String, &'static str)> {
        let in_group = KeyAction::all().filter(|action| action.group() == group);
        in_group.map(|action| (self.text(action), action.does())).filter(|(keys, _)| !keys.is_empty()).collect()
    }

    /// What a pressed key does.
    pub(super) fn actions(
        &self,
        logical: &Key,
        position: KeyCode,
        shift: bool,
    ) -> impl Iterator<Item = KeyAction> + use<'_> {
        let logical = logical.clone();
        KeyAction::all().filter(move |action| {
            self.chords(*action).iter().any(|chord| chord.is_pressed_by(&logical, position, shift))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_at_its_place_with_keys_of_its_own() {
        let mut seen = Vec::new();
        let bindings = KeyBindings::default();
        for (place, action) in KeyAction::all().enumerate() {
            assert_eq!(action as usize, place, "{action:?}");
            let chords = bindings.chords(action);
            assert!(!chords.is_empty() && !action.does().is_empty(), "{action:?}");
            for chord in chords {
                assert!(position_of(&chord.key).is_some(), "{chord} has no place on a keyboard");
                assert!(!seen.contains(chord), "{chord} does two things");
                seen.push(chord.clone());
            }
        }
    }

    #[test]
    fn letters_and_named_keys_mind_shift_and_signs_do_not() {
        let bindings = KeyBindings::default();
        let press = |text: &str, position, shift| {
            bindings.actions(&Key::Character(text.into()), position, shift).collect::<Vec<_>>()
        };
        assert_eq!(press("r", KeyCode::KeyR, false), [KeyAction::Restart]);
        assert_eq!(press("R", KeyCode::KeyR, true), [KeyAction::RestartWithNextSeed]);
        assert_eq!(press("+", KeyCode::Equal, true), [KeyAction::DoubleSpeed]);
        assert_eq!(press("=", KeyCode::Equal, false), [KeyAction::DoubleSpeed]);
        // The digits of a French keyboard, and a German one's "ü" where Americans have "[".
        assert_eq!(press("&", KeyCode::Digit1, false), [KeyAction::ToggleBelief]);
        assert_eq!(press("1", KeyCode::Digit1, true), [KeyAction::ToggleBelief]);
        assert_eq!(press("ü", KeyCode::BracketLeft, false), []);
        assert_eq!(press("[", KeyCode::Digit8, false), [KeyAction::PreviousEpisode]);
        let nameless: Vec<_> = bindings.actions(&Key::Dead(None), KeyCode::Minus, false).collect();
        assert_eq!(nameless, [KeyAction::HalveSpeed]);
    }

    #[test]
    fn speed_doubles_and_halves_within_its_range() {
        assert_eq!(scaled(Speed::Rate(1.0), 2.0), Speed::Rate(2.0));
        assert_eq!(scaled(Speed::Rate(Speed::MAX_RATE), 2.0), Speed::Rate(Speed::MAX_RATE));
        assert_eq!(scaled(Speed::Rate(Speed::MIN_RATE), 0.5), Speed::Rate(Speed::MIN_RATE));
        assert_eq!(scaled(Speed::Max, 0.5), Speed::Rate(Speed::MAX_RATE));
        assert_eq!(scaled(Speed::Max, 2.0), Speed::Max);
    }
}
