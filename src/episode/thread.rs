//! The thread a simulation runs on, and the two ends of its wires.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bevy::ecs::message::{MessageCursor, Messages};
use bevy::ecs::resource::Resource;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, unbounded};

use crate::episode::command::SimCommand;
use crate::episode::error::EpisodeError;
use crate::episode::messages::{EpisodeEvent, EventQueue};
use crate::episode::run::Run;
use crate::episode::settings::EpisodeSettings;
use crate::episode::simulation::Simulation;
use crate::episode::snapshot::{MAX_NOTICES, Notice, NoticeSeverity, SimulationSnapshot, SimulationStatus};
use crate::episode::systems::Publication;
use crate::memory::MemoryLimit;
use crate::network::DriverWork;
use crate::threads::{self, PATIENCE, guarded, join_soon, lock};

/// Name of the simulation's thread.
pub const THREAD_NAME: &str = "proxops simulation";
/// Least time between two snapshots: a display shows no more.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(15);
/// Longest sleep of an idle simulation, so that its figures stay fresh.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// The newest snapshot and the events until then, for whoever comes to look. Holders keep the lock for a copy only.
struct Slot {
    frame: AtomicU64,
    outbox: Mutex<Outbox>,
}

struct Outbox {
    latest: Arc<SimulationSnapshot>,
    events: EventQueue,
}

impl Slot {
    fn new(snapshot: SimulationSnapshot) -> Self {
        let frame = AtomicU64::new(snapshot.frame);
        Self { frame, outbox: Mutex::new(Outbox { latest: Arc::new(snapshot), events: EventQueue::default() }) }
    }

    /// Adds what has happened in a tick; it waits for the snapshot that shows it.
    fn add_events<'a>(&self, events: impl ExactSizeIterator<Item = &'a EpisodeEvent>) {
        if events.len() > 0 {
            let mut outbox = lock(&self.outbox);
            events.for_each(|event| outbox.events.push(event.clone()));
        }
    }

    fn put(&self, snapshot: Arc<SimulationSnapshot>) {
        let mut outbox = lock(&self.outbox);
        outbox.latest = snapshot;
        self.publish(&mut outbox);
    }

    fn latest(&self) -> Arc<SimulationSnapshot> {
        lock(&self.outbox).latest.clone()
    }

    /// One more snapshot, that of a simulation which does nothing any more.
    fn change(&self, change: impl FnOnce(&mut SimulationSnapshot)) {
        let mut outbox = lock(&self.outbox);
        let mut snapshot = (*outbox.latest).clone();
        change(&mut snapshot);
        snapshot.frame += 1;
        outbox.latest = Arc::new(snapshot);
        self.publish(&mut outbox);
    }

    fn publish(&self, outbox: &mut Outbox) {
        outbox.events.publish();
        self.frame.store(outbox.latest.frame, Ordering::Release);
    }

    /// Answers a command that nothing is left to carry out.
    fn refuse(&self, command: &SimCommand) {
        self.change(|snapshot| {
            let (status, help) = match &snapshot.status {
                SimulationStatus::Stopped => ("has been stopped", ""),
                _ => ("has failed", "; Restart begins a new one"),
            };
            let error = EpisodeError::NotAlive { status, command: format!("{command:?}"), help };
            add_error(snapshot, error.to_string());
        });
    }
}

/// What a host adds to every simulation.
pub(super) type Extension = Arc<dyn Fn(&mut Simulation) + Send + Sync>;

/// A simulation on a thread of its own: commands go in, the newest snapshot comes out, neither side waits for the
/// other. A simulation that panics is replaced by a new one at [`SimCommand::Restart`]. Dropping this stops the thread; one
/// that has not ended after 0.4 s is left behind, and so is a thread of this crate inside a graphics driver after 0.8 s: in the end of
/// a process let [`end_process`](crate::network::end_process) follow.
#[derive(Resource)]
pub struct SimulationThread {
    commands: Option<Sender<SimCommand>>,
    slot: Arc<Slot>,
    handle: Option<JoinHandle<()>>,
    /// What the host adds, kept while the system has given no thread.
    refused: Option<Extension>,
}

/// What a simulation has sent.
#[derive(Clone, Debug)]
pub struct Received {
    /// The newest snapshot. It shows all of `events`.
    pub snapshot: Arc<SimulationSnapshot>,
    /// What has happened since the last time, oldest first, each of it once.
    pub events: Vec<EpisodeEvent>,
    /// How many events before these were dropped, because they waited too long
    /// ([`MAX_WAITING_MESSAGES`](crate::episode::MAX_WAITING_MESSAGES)).
    pub lost: u64,
}

impl SimulationThread {
    /// Starts a simulation. Settings that cannot be flown are replaced by the defaults, and an error notice says why.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn spawn(settings: EpisodeSettings) -> io::Result<Self> {
        Self::spawn_with(settings, |_| {})
    }

    /// The same, with systems and resources of your own: `prepare` gets every simulation before its first tick, the one that
    /// follows a failure too.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn spawn_with(
        settings: EpisodeSettings,
        prepare: impl FnMut(&mut Simulation) + Send + 'static,
    ) -> io::Result<Self> {
        let slot = Arc::new(Slot::new(SimulationSnapshot::empty(&settings)));
        let (commands, handle) = begin(settings, prepare, slot.clone())?;
        Ok(Self { commands: Some(commands), slot, handle: Some(handle), refused: None })
    }

    /// The same; where the system refuses a thread, its snapshot says so, and [`start_again`](Self::start_again) asks again.
    pub(super) fn spawn_or_say_why(settings: EpisodeSettings, extend: Extension) -> Self {
        let first = extend.clone();
        Self::spawn_with(settings.clone(), move |simulation| first(simulation)).unwrap_or_else(|error| {
            let slot = Slot::new(SimulationSnapshot::empty(&settings));
            slot.change(|snapshot| refuse_thread(snapshot, &error));
            Self { commands: None, slot: Arc::new(slot), handle: None, refused: Some(extend) }
        })
    }

    /// Asks the system once more for a thread that it has refused; whether it had, and this was not stopped since.
    pub(super) fn start_again(&mut self) -> bool {
        let Some(extend) = self.refused.clone() else { return false };
        let settings = (*self.slot.latest().settings).clone();
        match begin(settings, move |simulation| extend(simulation), self.slot.clone()) {
            Ok((commands, handle)) => {
                (self.commands, self.handle) = (Some(commands), Some(handle));
                self.refused = None;
            }
            Err(error) => self.slot.change(|snapshot| refuse_thread(snapshot, &error)),
        }
        true
    }

    /// Sends a command. If the simulation has been stopped or could not be started, an error notice in the next snapshot says
    /// that it was not carried out.
    pub fn send(&self, command: SimCommand) {
        let refused = match &self.commands {
            Some(commands) => commands.send(command).err().map(|unsent| unsent.0),
            None => Some(command),
        };
        if let Some(command) = refused {
            self.slot.refuse(&command);
        }
    }

    /// The newest snapshot, if its frame is above `frame`, and all that has happened until then and was not received before.
    pub fn receive(&self, frame: u64) -> Option<Received> {
        if self.slot.frame.load(Ordering::Acquire) <= frame {
            return None;
        }
        let mut outbox = lock(&self.slot.outbox);
        let (events, lost) = outbox.events.take();
        Some(Received { snapshot: outbox.latest.clone(), events, lost })
    }

    /// Stops the simulation and waits until its thread has ended, 0.4 s at most: one that is still at work then is left
    /// behind.
    pub fn stop(&mut self) {
        self.commands = None;
        self.refused = None;
        if let Some(handle) = self.handle.take() {
            // The thread catches its own panics.
            let _ = join_soon(handle);
            self.slot.change(|snapshot| {
                if snapshot.status.is_alive() {
                    snapshot.status = SimulationStatus::Stopped;
                }
            });
        }
    }

    /// Whether the simulation's thread still runs; that of a failed one does, and waits for [`SimCommand::Restart`].
    pub fn is_running(&self) -> bool {
        self.handle.as_ref().is_some_and(|handle| !handle.is_finished())
    }
}

impl Drop for SimulationThread {
    fn drop(&mut self) {
        let deadline = Instant::now() + 2 * PATIENCE;
        self.stop();
        // An app mostly ends with this, and a process had better not end while its drivers are being loaded.
        DriverWork::wait_until_none(deadline);
    }
}

/// Starts the thread of a simulation: the sender of its commands, and its handle.
fn begin(
    mut settings: EpisodeSettings,
    mut prepare: impl FnMut(&mut Simulation) + Send + 'static,
    slot: Arc<Slot>,
) -> io::Result<(Sender<SimCommand>, JoinHandle<()>)> {
    let (commands, incoming) = unbounded();
    let handle = threads::spawn(THREAD_NAME, move || {
        while let Some(next) = simulate(settings, &mut prepare, &incoming, &slot) {
            settings = next;
        }
    })?;
    Ok((commands, handle))
}

/// Runs a simulation until all senders are gone or, after it has failed, a new one is asked for: then the settings of that
/// one come back.
fn simulate(
    settings: EpisodeSettings,
    prepare: &mut impl FnMut(&mut Simulation),
    commands: &Receiver<SimCommand>,
    slot: &Slot,
) -> Option<EpisodeSettings> {
    let mut simulation = None;
    let ended = guarded(|| {
        let simulation = simulation.insert(simulation_of(settings));
        simulation.follow(&slot.latest());
        simulation.publish_every(PUBLISH_INTERVAL);
        prepare(simulation);
        tick_on(simulation, commands, slot);
    });
    let Err(reason) = ended else { return None };
    let was_paused = slot.latest().paused;
    slot.change(|snapshot| fail(snapshot, reason));
    // What is left of it may be broken.
    if let Err(reason) = guarded(|| drop(simulation)) {
        tracing::error!("the failed simulation could not be cleared away: {reason}");
    }
    loop {
        match commands.recv().ok()? {
            SimCommand::Restart => {
                let settings = (*slot.latest().settings).clone();
                return Some(EpisodeSettings { start_paused: was_paused, ..settings });
            }
            other => slot.refuse(&other),
        }
    }
}

/// Ticks until all senders are gone.
fn tick_on(simulation: &mut Simulation, commands: &Receiver<SimCommand>, slot: &Slot) {
    let mut seen = MessageCursor::default();
    loop {
        loop {
            match commands.try_recv() {
                Ok(command) => simulation.command(command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        simulation.tick();
        slot.add_events(seen.read(simulation.world().resource::<Messages<EpisodeEvent>>()));
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

impl Simulation {
    /// Goes on with frames and notices where the simulation before has ended.
    fn follow(&mut self, last: &SimulationSnapshot) {
        if last.frame > 0 {
            self.world_mut().resource_mut::<Publication>().count_on_from(last.frame);
            self.world_mut().resource_mut::<Run>().notices.put_before(&last.notices);
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

/// Marks the snapshot as the last one of a simulation that has failed.
fn fail(snapshot: &mut SimulationSnapshot, reason: String) {
    add_error(snapshot, format!("the simulation has failed, please report it: {reason}"));
    end(snapshot, reason);
}

/// Marks the snapshot as that of a simulation that could not be started.
fn refuse_thread(snapshot: &mut SimulationSnapshot, error: &io::Error) {
    add_error(snapshot, format!("the simulation cannot be started: {error}; Restart tries again"));
    end(snapshot, error.to_string());
}

fn end(snapshot: &mut SimulationSnapshot, reason: String) {
    snapshot.status = SimulationStatus::Failed { reason: reason.into() };
    snapshot.paused = true;
}

fn add_error(snapshot: &mut SimulationSnapshot, text: String) {
    tracing::error!("{text}");
    let id = snapshot.notices.last().map_or(0, |notice| notice.id + 1);
    snapshot.notices.push(Notice { id, severity: NoticeSeverity::Error, text });
    let surplus = snapshot.notices.len().saturating_sub(MAX_NOTICES);
    snapshot.notices.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;
    use crate::episode::systems::SimulationSystems;
    use crate::search::{PlannerKind, SearchConfig};
    use crate::threads::refusal;
    use bevy::ecs::schedule::IntoScheduleConfigs;

    /// Far beyond what is needed, so that only a hang fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn settings() -> EpisodeSettings {
        let search = SearchConfig { planner: PlannerKind::Passive, ..Default::default() };
        EpisodeSettings { search, episodes: 2, start_paused: true, ..Default::default() }
    }

    fn wait_for(thread: &SimulationThread, wanted: impl Fn(&SimulationSnapshot) -> bool) -> Arc<SimulationSnapshot> {
        let start = Instant::now();
        loop {
            let latest = thread.slot.latest();
            if wanted(&latest) {
                return latest;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain: {:?} {:?}", latest.status, latest.notices);
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_simulation_that_panics_is_shown_answers_every_command_and_is_followed_by_another() {
        let mut begun = 0;
        let thread = SimulationThread::spawn_with(settings(), move |simulation| {
            begun += 1;
            if begun == 1 {
                let boom = || panic!("boom");
                simulation.schedule_mut().add_systems(boom.after(SimulationSystems::Publish));
            }
        });
        let thread = thread.unwrap();
        let failed = wait_for(&thread, |snapshot| !snapshot.status.is_alive());
        assert_eq!(failed.status, SimulationStatus::Failed { reason: "boom".into() });
        assert!(failed.notices.last().unwrap().text.ends_with("please report it: boom"));

        thread.send(SimCommand::Play);
        let answered = wait_for(&thread, |snapshot| snapshot.notices.last().unwrap().text.contains("Play"));
        let answer = answered.notices.last().unwrap();
        assert_eq!(answer.severity, NoticeSeverity::Error);
        assert!(answer.text.contains("has failed and did not carry out Play; Restart begins"), "{}", answer.text);

        thread.send(SimCommand::Restart);
        let again = wait_for(&thread, |snapshot| {
            snapshot.status == SimulationStatus::Paused && snapshot.frame > answered.frame
        });
        assert_eq!(again.episodes.len(), 2);
        // What was said before is still to be read.
        assert_eq!(again.notices[..answered.notices.len()], answered.notices[..]);
        thread.send(SimCommand::Play);
        wait_for(&thread, |snapshot| snapshot.status == SimulationStatus::Running);
    }

    #[test]
    fn a_command_to_a_stopped_simulation_is_answered() {
        let mut thread = SimulationThread::spawn(settings()).unwrap();
        wait_for(&thread, |snapshot| snapshot.frame > 0);
        thread.stop();
        assert_eq!(thread.slot.latest().status, SimulationStatus::Stopped);
        thread.send(SimCommand::StepOnce);
        let text = thread.slot.latest().notices.last().unwrap().text.clone();
        assert_eq!(text, "the simulation has been stopped and did not carry out StepOnce");
    }

    #[test]
    fn a_simulation_that_got_no_thread_says_so_and_begins_once_there_is_one() {
        let mut thread = refusal::after(0, || SimulationThread::spawn_or_say_why(settings(), Arc::new(|_| {})));
        let refused = thread.slot.latest();
        let SimulationStatus::Failed { reason } = &refused.status else { panic!("{:?}", refused.status) };
        assert!(reason.starts_with("the system gives no further thread: "), "{reason}");
        let text = &refused.notices.last().unwrap().text;
        assert!(text.contains("cannot be started") && text.ends_with("; Restart tries again"), "{text}");
        thread.send(SimCommand::SetEpisodes(3));
        let answer = thread.slot.latest().notices.last().unwrap().text.clone();
        assert!(answer.contains("did not carry out SetEpisodes(3); Restart begins"), "{answer}");

        assert!(refusal::after(0, || thread.start_again()));
        assert!(!thread.is_running() && thread.slot.latest().notices.len() == 3);
        assert!(thread.start_again());
        let begun = wait_for(&thread, |snapshot| snapshot.status == SimulationStatus::Paused);
        assert_eq!((begun.episodes.len(), begun.notices.len()), (2, 3));
        thread.send(SimCommand::SetEpisodes(3));
        wait_for(&thread, |snapshot| snapshot.episodes.len() == 3);
        assert!(!thread.start_again(), "it runs");
        thread.stop();
        assert!(!thread.start_again(), "it was stopped");
    }

    #[test]
    fn a_simulation_that_is_stuck_is_left_behind() {
        let (release, gate) = unbounded::<()>();
        let (told, stuck) = unbounded();
        let thread = SimulationThread::spawn_with(settings(), move |simulation| {
            let (gate, told) = (gate.clone(), told.clone());
            simulation.schedule_mut().add_systems(move || {
                let _ = told.send(());
                let _ = gate.recv();
            });
        });
        let mut thread = thread.unwrap();
        stuck.recv_timeout(PATIENCE).unwrap();
        // It is stuck until `release` is dropped below: only a stop that does not wait for it comes back.
        thread.stop();
        assert!(!thread.is_running());
        drop(release);
    }
}
