//! What the user should know, for the terminal and for every snapshot.

use std::collections::VecDeque;

use crate::episode::snapshot::{MAX_NOTICES, Notice, NoticeSeverity};

/// The latest notices of a run. Each is also logged when it is made.
#[derive(Debug, Default)]
pub struct Notices {
    latest: VecDeque<Notice>,
    next_id: u64,
}

impl Notices {
    /// Puts those of a simulation before in front; numbers go on after theirs.
    pub fn put_before(&mut self, notices: &[Notice]) {
        let next_id = notices.last().map_or(0, |notice| notice.id + 1);
        let own = std::mem::replace(self, Self { latest: notices.iter().cloned().collect(), next_id });
        own.latest.into_iter().for_each(|notice| self.push(notice.severity, notice.text));
    }

    /// Something was done as asked.
    pub fn info(&mut self, text: String) {
        tracing::info!("{text}");
        self.push(NoticeSeverity::Info, text);
    }

    /// Something was done differently from what was asked.
    pub fn warning(&mut self, text: String) {
        tracing::warn!("{text}");
        self.push(NoticeSeverity::Warning, text);
    }

    /// Something could not be done.
    pub fn error(&mut self, text: String) {
        tracing::error!("{text}");
        self.push(NoticeSeverity::Error, text);
    }

    /// The latest notices, oldest first.
    pub fn to_vec(&self) -> Vec<Notice> {
        self.latest.iter().cloned().collect()
    }

    fn push(&mut self, severity: NoticeSeverity, text: String) {
        if self.latest.len() == MAX_NOTICES {
            self.latest.pop_front();
        }
        self.latest.push_back(Notice { id: self.next_id, severity, text });
        self.next_id += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_notice_makes_room_and_ids_go_on() {
        let mut notices = Notices::default();
        for number in 0..MAX_NOTICES + 3 {
            notices.info(format!("notice {number}"));
        }
        let latest = notices.to_vec();
        assert_eq!(latest.len(), MAX_NOTICES);
        assert_eq!(latest[0].id, 3);
        assert_eq!(latest.last().map(|notice| notice.text.as_str()), Some("notice 34"));
    }
}
