//! One instance of the app: a process that is watched, or an address at which somebody serves already.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::app::App;
use super::failure::Failure;
use super::process::{Lines, Process, ready};
use super::report::{Report, Trouble};

/// So many errors of the process stop the host.
const ERRORS: usize = 3;
/// They are forgotten when so much time lies between two of them.
const FORGOTTEN: Duration = Duration::from_secs(30 * 60);

/// What stands behind an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worker {
    /// The executable that host.json names.
    Executable,
    /// A handler that serves already, at this address without a slash at the end.
    At(String),
}

/// Where the process is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Starting,
    Ready(String),
    Gone(String),
}

/// What the one who watches the process is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Run,
    Kill,
    Terminate,
}

/// A running instance.
pub(super) struct Instance {
    pub(super) id: usize,
    pub(super) lines: Lines,
    /// It was killed: what breaks from now on is nobody's failure.
    pub(super) dead: AtomicBool,
    /// Its listeners take nothing new.
    pub(super) draining: AtomicBool,
    state: watch::Receiver<State>,
    order: watch::Sender<Order>,
    process: watch::Receiver<Option<u32>>,
    patience: Duration,
    report: Report,
}

/// What watches the process.
struct Watch {
    id: usize,
    app: Arc<App>,
    client: reqwest::Client,
    report: Report,
    lines: Lines,
    state: watch::Sender<State>,
    process: watch::Sender<Option<u32>>,
    order: watch::Receiver<Order>,
}

impl Instance {
    /// Starts it, and what watches it; the watch ends with the exit code of a process that was told to end.
    pub(super) fn start(
        id: usize,
        app: Arc<App>,
        worker: Worker,
        client: reqwest::Client,
        report: Report,
    ) -> (Self, JoinHandle<Option<i32>>) {
        let (state, states) = watch::channel(State::Starting);
        let (order, orders) = watch::channel(Order::Run);
        let (process, processes) = watch::channel(None);
        let lines = Lines::default();
        // Restarts included.
        let patience = app.host.initialization_timeout * 4;
        let told = report.clone();
        let watch = Watch { id, app, client, report, lines: lines.clone(), state, process, order: orders };
        let watching = tokio::spawn(watch.run(worker));
        let (dead, draining) = (AtomicBool::new(false), AtomicBool::new(false));
        (Self { id, lines, dead, draining, state: states, order, process: processes, patience, report: told }, watching)
    }

    pub(super) fn order(&self, order: Order) {
        self.order.send_replace(order);
    }

    /// The address, when there is one.
    pub(super) async fn url(&self) -> Result<String, Failure> {
        let mut state = self.state.clone();
        let settled = tokio::time::timeout(self.patience, state.wait_for(|state| *state != State::Starting)).await;
        match settled.map(|state| state.map(|state| state.clone())) {
            Ok(Ok(State::Ready(url))) => Ok(url),
            Ok(Ok(State::Gone(why))) => Err(Failure::NotRunning(why)),
            Ok(_) => Err(Failure::NotRunning("it is being stopped".to_owned())),
            Err(_) => {
                let why = "an invocation waited for the process in vain";
                self.report.add(Trouble::HostStopped, Some(self.id), "", why);
                Err(Failure::NotRunning(why.to_owned()))
            }
        }
    }

    /// Whether it will never answer again.
    pub(super) fn is_gone(&self) -> bool {
        matches!(*self.state.borrow(), State::Gone(_))
    }

    /// The id of the process.
    pub(super) fn process(&self) -> Option<u32> {
        *self.process.borrow()
    }
}

impl Watch {
    async fn run(mut self, worker: Worker) -> Option<i32> {
        match worker {
            Worker::At(url) => {
                self.settle(&url).await;
                self.ordered().await;
                None
            }
            Worker::Executable => self.keep_running().await,
        }
    }

    /// Waits for the first answer. False when none comes.
    async fn settle(&self, url: &str) -> bool {
        let patience = self.app.host.initialization_timeout;
        let answers = ready(&self.client, url, patience).await;
        if answers {
            self.state.send_replace(State::Ready(url.to_owned()));
        } else {
            self.report.add(Trouble::NotReady, Some(self.id), "", format!("no answer within {} s", patience.as_secs_f64()));
        }
        answers
    }

    async fn keep_running(&mut self) -> Option<i32> {
        let mut errors: Vec<Instant> = Vec::new();
        loop {
            self.state.send_replace(State::Starting);
            let mut process = match Process::start(&self.app, self.id, &self.lines, &self.report) {
                Ok(process) => process,
                Err(error) => {
                    self.stopped(&format!("{error:#}"));
                    return None;
                }
            };
            self.process.send_replace(process.child.id());
            let ended = self.one_life(&mut process).await;
            self.process.send_replace(None);
            let code = match ended {
                Ended::Ordered(code) => return code,
                Ended::ByItself(code) => Some(code),
                Ended::NotReady => None,
            };
            match code {
                Some(0) => {
                    self.report.add(Trouble::EndedForGood, Some(self.id), "", "exit code 0: nothing starts it again");
                    self.state.send_replace(State::Gone("it ended with exit code 0".to_owned()));
                    self.ordered().await;
                    return code;
                }
                Some(200) => {
                    self.report.add(Trouble::AskedForRestart, Some(self.id), "", "exit code 200");
                    continue;
                }
                Some(code) => self.report.add(Trouble::Crashed, Some(self.id), "", format!("exit code {code}")),
                None => {}
            }
            if errors.last().is_some_and(|last| last.elapsed() > FORGOTTEN) {
                errors.clear();
            }
            errors.push(Instant::now());
            if errors.len() >= ERRORS {
                self.stopped("Exceeded http worker restart retry count");
                return code;
            }
        }
    }

    /// From a start to an end.
    async fn one_life(&self, process: &mut Process) -> Ended {
        let mut settled = false;
        loop {
            let url = process.url.clone();
            tokio::select! {
                code = process.wait() => return Ended::ByItself(code.unwrap_or(-1)),
                answers = self.settle(&url), if !settled => {
                    if !answers {
                        let _ = process.child.kill().await;
                        return Ended::NotReady;
                    }
                    settled = true;
                }
                order = self.ordered() => {
                    if order == Order::Terminate {
                        return Ended::Ordered(terminate(process).await);
                    }
                    let _ = process.child.kill().await;
                    let _ = process.wait().await;
                    return Ended::Ordered(None);
                }
            }
        }
    }

    /// Waits until it is told to end.
    async fn ordered(&self) -> Order {
        let mut order = self.order.clone();
        // The one who could order is gone.
        order.wait_for(|order| *order != Order::Run).await.map_or(Order::Kill, |order| *order)
    }

    fn stopped(&self, why: &str) {
        self.report.add(Trouble::HostStopped, Some(self.id), "", why);
        self.state.send_replace(State::Gone(why.to_owned()));
    }
}

enum Ended {
    ByItself(i32),
    NotReady,
    Ordered(Option<i32>),
}

/// A container's own stop. Whoever takes too long is killed.
async fn terminate(process: &mut Process) -> Option<i32> {
    let id = process.child.id()?;
    let _ = tokio::process::Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
    if let Ok(code) = tokio::time::timeout(Duration::from_secs(30), process.wait()).await {
        return code.ok();
    }
    let _ = process.child.kill().await;
    process.wait().await.ok()
}
