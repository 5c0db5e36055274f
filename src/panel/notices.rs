//! Every notice that has come: which of them still stand over the view, and since when.

use std::collections::VecDeque;

use crate::episode::{Notice, NoticeSeverity};

/// How long a warning stands over the view, in seconds, while the pointer is not over it.
const WARNING_S: f64 = 8.0;
/// The last part of that, in which it fades.
const FADE_S: f64 = 1.0;
/// Most that one frame counts, in seconds: a warning is not gone after one slow frame.
const LONGEST_FRAME_S: f64 = 0.5;
/// Warnings shown at once, beside one error.
const MOST_WARNINGS: usize = 2;
/// Different notices that are kept.
const MOST_LOGGED: usize = 500;

/// The notices of a run as the panels show them: a few over the view, all of them in the log.
#[derive(Clone, Debug, Default)]
pub struct NoticesState {
    /// Whether the log is open.
    pub log_open: bool,
    /// Oldest first; each text once, at the place of its newest notice.
    log: VecDeque<LoggedNotice>,
    newest_id: Option<u64>,
    taken_at_s: f64,
    /// Whether the pointer is over those that stand over the view.
    pub(super) hovered: bool,
}

/// All notices of one text.
#[derive(Clone, Debug)]
pub(super) struct LoggedNotice {
    pub severity: NoticeSeverity,
    pub text: String,
    /// How often it came.
    pub count: u32,
    /// When it came last, in egui's time.
    pub at_s: f64,
    shown_s: f64,
    dismissed: bool,
}

impl LoggedNotice {
    /// Whether it is still to be read. Information never stands over the view: what was done as asked can be seen.
    pub(super) fn stands(&self) -> bool {
        !self.dismissed
            && match self.severity {
                NoticeSeverity::Info => false,
                NoticeSeverity::Warning => self.shown_s < WARNING_S,
                NoticeSeverity::Error => true,
            }
    }

    /// 1 for one that stays, less for one that is about to go.
    pub(super) fn opacity(&self) -> f32 {
        match self.severity {
            NoticeSeverity::Warning => ((WARNING_S - self.shown_s) / FADE_S).clamp(0.0, 1.0) as f32,
            _ => 1.0,
        }
    }
}

impl NoticesState {
    /// Takes over the notices of a snapshot that have not been taken yet, at `now_s` in egui's time. Call it in every
    /// frame: it is also what lets warnings go.
    pub fn take(&mut self, notices: &[Notice], now_s: f64) {
        let frame_s = (now_s - self.taken_at_s).clamp(0.0, LONGEST_FRAME_S);
        self.taken_at_s = now_s;
        if !self.hovered {
            self.log.iter_mut().for_each(|notice| notice.shown_s += frame_s);
        }

        // Another run counts its notices from the beginning.
        let newest = notices.iter().map(|notice| notice.id).max();
        if newest < self.newest_id && newest.is_some() {
            self.newest_id = None;
        }
        let taken = self.newest_id;
        for notice in notices.iter().filter(|notice| taken.is_none_or(|taken| notice.id > taken)) {
            self.add(notice, now_s);
        }
        self.newest_id = newest.or(self.newest_id);
    }

    /// Something that the panels have to say themselves, at `now_s` in egui's time.
    pub(super) fn say(&mut self, severity: NoticeSeverity, text: String, now_s: f64) {
        self.add(&Notice { id: 0, severity, text }, now_s);
    }

    fn add(&mut self, notice: &Notice, now_s: f64) {
        let same = |logged: &LoggedNotice| logged.severity == notice.severity && logged.text == notice.text;
        let before = self.log.iter().position(same).and_then(|place| self.log.remove(place));
        if self.log.len() == MOST_LOGGED {
            self.log.pop_front();
        }
        self.log.push_back(LoggedNotice {
            severity: notice.severity,
            text: notice.text.clone(),
            count: 1 + before.map_or(0, |before| before.count),
            at_s: now_s,
            shown_s: 0.0,
            dismissed: false,
        });
    }

    /// How many notices have come, repeated ones included.
    pub fn count(&self) -> u64 {
        self.log.iter().map(|notice| u64::from(notice.count)).sum()
    }

    /// All of them, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &LoggedNotice> {
        self.log.iter().rev()
    }

    /// What is shown over the view, newest first: one error and a few warnings. And how many more stand behind them.
    pub(super) fn stack(&self) -> (Vec<&LoggedNotice>, usize) {
        let (mut errors, mut warnings) = (0, 0);
        let mut behind = 0;
        let shown = self.newest_first().filter(|notice| notice.stands()).filter(|notice| {
            let (shown, most) = match notice.severity {
                NoticeSeverity::Error => (&mut errors, 1),
                _ => (&mut warnings, MOST_WARNINGS),
            };
            *shown += 1;
            behind += usize::from(*shown > most);
            *shown <= most
        });
        let shown = shown.collect();
        (shown, behind)
    }

    /// Whether anything stands over the view.
    pub fn stands(&self) -> bool {
        self.log.iter().any(LoggedNotice::stands)
    }

    /// The worst that still stands.
    pub(super) fn worst_standing(&self) -> Option<NoticeSeverity> {
        let standing = || self.log.iter().filter(|notice| notice.stands());
        standing()
            .find(|notice| notice.severity == NoticeSeverity::Error)
            .or(standing().next())
            .map(|notice| notice.severity)
    }

    /// Takes the notice of that text from the view; the log keeps it.
    pub fn dismiss(&mut self, text: &str) {
        self.log.iter_mut().filter(|notice| notice.text == text).for_each(|notice| notice.dismissed = true);
    }

    /// Takes all notices from the view; the log keeps them.
    pub fn dismiss_all(&mut self) {
        self.log.iter_mut().for_each(|notice| notice.dismissed = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(id: u64, severity: NoticeSeverity) -> Notice {
        Notice { id, severity, text: format!("notice {id}") }
    }

    fn shown(state: &NoticesState) -> Vec<&str> {
        state.stack().0.into_iter().map(|notice| notice.text.as_str()).collect()
    }

    #[test]
    fn dismissed_notices_stay_away_and_the_error_behind_comes_forward() {
        let mut state = NoticesState::default();
        let notices =
            [notice(1, NoticeSeverity::Error), notice(2, NoticeSeverity::Info), notice(3, NoticeSeverity::Error)];
        state.take(&notices, 0.0);
        assert_eq!((shown(&state), state.stack().1), (vec!["notice 3"], 1));
        state.dismiss("notice 3");
        state.take(&notices, 0.1);
        assert_eq!((shown(&state), state.stack().1), (vec!["notice 1"], 0));
        assert_eq!(state.newest_first().count(), 3);
    }

    #[test]
    fn equal_texts_are_one_with_a_count_and_come_back_when_they_come_again() {
        let mut state = NoticesState::default();
        let again = |id| Notice { id, severity: NoticeSeverity::Warning, text: "too wide".to_owned() };
        state.take(&[again(1), again(2)], 0.0);
        state.dismiss("too wide");
        assert!(shown(&state).is_empty());
        state.take(&[again(1), again(2), again(3)], 1.0);
        assert_eq!(shown(&state), ["too wide"]);
        assert_eq!((state.newest_first().next().map(|notice| notice.count), state.count()), (Some(3), 3));
    }

    #[test]
    fn one_slow_frame_does_not_take_a_warning_away() {
        let mut state = NoticesState::default();
        let warning = [notice(1, NoticeSeverity::Warning)];
        state.take(&warning, 0.0);
        state.take(&warning, 60.0);
        assert_eq!(shown(&state), ["notice 1"]);
    }

    #[test]
    fn notices_of_another_run_are_taken_though_it_counts_from_the_beginning() {
        let mut state = NoticesState::default();
        state.take(&[notice(7, NoticeSeverity::Error)], 0.0);
        state.take(&[notice(0, NoticeSeverity::Error)], 1.0);
        state.take(&[], 2.0);
        assert_eq!(
            state.newest_first().map(|notice| notice.text.as_str()).collect::<Vec<_>>(),
            ["notice 0", "notice 7"]
        );
    }
}
