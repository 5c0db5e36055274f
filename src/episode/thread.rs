//! The thread a simulation runs on, and the two ends of its wires.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use bevy::ecs::resource::Resource;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, unbounded};

use crate::episode::command::SimCommand;
use crate::episode::run::Run;
use crate::episode::settings::EpisodeSettings;
use crate::episode::simulation::Simulation;
use crate::episode::snapshot::{Notice, NoticeSeverity, SimulationSnapshot};
use crate::episode::workers::lock;
use crate::memory::MemoryLimit;

/// Name of the simulation's thread.
pub const THREAD_NAME: &str = "proxops simulation";
/// Least time between two snapshots: a display shows no more.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(15);
/// Longest sleep of an idle simulation, so that its figures stay fresh.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// The newest snapshot, for whoever comes to look. Holders keep the lock for one pointer's copy only.
struct Slot {
    frame: AtomicU64,
    latest: Mutex<Arc<SimulationSnapshot>>,
}

impl Slot {
    fn put(&self, snapshot: Arc<SimulationSnapshot>) {
        let frame = snapshot.frame;
        *lock(&self.latest) = snapshot;
        self.frame.store(frame, Ordering::Release);
    }
}

/// A simulation on a thread of its own: commands go in, the newest snapshot comes out, neither side waits for the
/// other. Dropping it stops the thread and waits for the tick under way, a few tens of milliseconds.
#[derive(Resource)]
pub struct SimulationThread {
    commands: Option<Sender<SimCommand>>,
    slot: Arc<Slot>,
    handle: Option<JoinHandle<()>>,
}

impl SimulationThread {
    /// Starts a simulation. Settings that cannot be flown are replaced by the defaults, and an error notice says why.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn spawn(settings: EpisodeSettings) -> io::Result<Self> {
        let (commands, incoming) = unbounded();
        let empty = Arc::new(SimulationSnapshot::empty(&settings));
        let slot = Arc::new(Slot { frame: AtomicU64::new(0), latest: Mutex::new(empty) });
        let outgoing = slot.clone();
        let handle = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
            report_panic(&outgoing, || simulate(settings, &incoming, &outgoing));
        })?;
        Ok(Self { commands: Some(commands), slot, handle: Some(handle) })
    }

    /// Sends a command. After [`SimulationThread::stop`] it is lost.
    pub fn send(&self, command: SimCommand) {
        if let Some(commands) = &self.commands {
            // An error means that the simulation has ended, of which the latest snapshot already tells.
            let _ = commands.send(command);
        }
    }

    /// The newest snapshot if its frame is above `frame`.
    pub fn newer_than(&self, frame: u64) -> Option<Arc<SimulationSnapshot>> {
        (self.slot.frame.load(Ordering::Acquire) > frame).then(|| lock(&self.slot.latest).clone())
    }

    /// Stops the simulation and waits until its thread has ended.
    pub fn stop(&mut self) {
        self.commands = None;
        if let Some(handle) = self.handle.take() {
            // The thread catches its own panics.
            let _ = handle.join();
        }
    }

    /// Whether the simulation's thread still runs.
    pub fn is_running(&self) -> bool {
        self.handle.as_ref().is_some_and(|handle| !handle.is_finished())
    }
}

impl Drop for SimulationThread {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Ticks until all senders are gone.
fn simulate(settings: EpisodeSettings, commands: &Receiver<SimCommand>, slot: &Slot) {
    let mut simulation = simulation_of(settings);
    simulation.publish_every(PUBLISH_INTERVAL);
    loop {
        loop {
            match commands.try_recv() {
                Ok(command) => simulation.command(command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        simulation.tick();
        let latest = simulation.latest_snapshot();
        if latest.frame > slot.frame.load(Ordering::Relaxed) {
            slot.put(latest);
        }
        let idle = simulation.idle_for().min(LONGEST_SLEEP);
        if idle.is_zero() {
            continue;
        }
        match commands.recv_timeout(idle) {
            Ok(command) => simulation.command(command),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The run of these settings or, if they cannot be flown, of the defaults, with a notice that says why.
fn simulation_of(settings: EpisodeSettings) -> Simulation {
    Simulation::new(settings.clone()).unwrap_or_else(|error| {
        let defaults = EpisodeSettings {
            seed: settings.seed,
            start_paused: settings.start_paused,
            auto_restart: settings.auto_restart,
            // What little they take must not be refused on a machine that has little.
            memory_share: *MemoryLimit::SHARES.end(),
            ..EpisodeSettings::default()
        };
        let mut simulation = Simulation::new(defaults)
            // Tested: the default settings are valid, and none of the fields above has an invalid value.
            .expect("the default settings can be flown");
        let notices = &mut simulation.world_mut().resource_mut::<Run>().notices;
        notices.error(error.to_string());
        notices.warning("the default settings are flown instead".to_owned());
        simulation
    })
}

/// Runs the simulation; should it panic, the slot's last snapshot is that of an ended run.
fn report_panic(slot: &Slot, simulate: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(simulate)) {
        let last = lock(&slot.latest).clone();
        slot.put(Arc::new(with_panic(&last, panic.as_ref())));
    }
}

/// The last snapshot, with the news that no other will follow.
fn with_panic(last: &SimulationSnapshot, panic: &(dyn Any + Send)) -> SimulationSnapshot {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown reason");
    let text = format!("the simulation has stopped, please report it: {reason}");
    tracing::error!("{text}");
    let mut snapshot = last.clone();
    let id = snapshot.notices.last().map_or(0, |notice| notice.id + 1);
    snapshot.notices.push(Notice { id, severity: NoticeSeverity::Error, text });
    snapshot.frame += 1;
    snapshot.paused = true;
    snapshot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_notice_in_one_more_snapshot() {
        let last = SimulationSnapshot { frame: 7, ..SimulationSnapshot::empty(&EpisodeSettings::default()) };
        let slot = Slot { frame: AtomicU64::new(7), latest: Mutex::new(Arc::new(last)) };
        report_panic(&slot, || panic!("boom"));
        let snapshot = lock(&slot.latest).clone();
        assert_eq!((snapshot.frame, slot.frame.load(Ordering::Acquire)), (8, 8));
        assert_eq!(snapshot.notices[0].severity, NoticeSeverity::Error);
        assert!(snapshot.notices[0].text.ends_with("please report it: boom"));
    }
}
