//! The host: what all its instances share, and what a story can do to them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use connector::clock::{Clock, SystemClock};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::app::App;
use super::authentication::{Authentication, Keys};
use super::envelope::{Encoding, guid};
use super::failure::Failure;
use super::front::Front;
use super::function::{Function, Trigger};
use super::instance::{Instance, Order, Worker};
use super::invoke::{self, Invoked};
use super::output;
use super::receive::listen;
use super::report::{Report, Trouble};
use super::timer::{Run, Status};

/// How the app stands on the platform.
#[derive(Debug, Clone)]
pub struct Options {
    /// How strings are written in envelopes.
    pub encoding: Encoding,
    /// The app's keys.
    pub keys: Keys,
    /// App Service authentication, if it is switched on.
    pub authentication: Option<Authentication>,
    /// The app's name in the world: `Host` of every request.
    pub hostname: String,
    /// Times of the host are shorter by this factor: visibility and polling of queues, waits of retry policies. Not shortened: the
    /// wait for the process, and `functionTimeout`.
    pub faster: u32,
    /// What envelopes say of the time. Waits are real in any case.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            encoding: Encoding::default(),
            keys: Keys::default(),
            authentication: None,
            hostname: "itsm-func.azurewebsites.net".to_owned(),
            faster: 1,
            clock: Arc::new(SystemClock),
        }
    }
}

/// An instance with all that works for it.
struct Running {
    instance: Arc<Instance>,
    watching: JoinHandle<Option<i32>>,
    listeners: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// What all instances share.
pub(super) struct Shared {
    pub(super) app: Arc<App>,
    pub(super) options: Options,
    pub(super) report: Report,
    pub(super) client: reqwest::Client,
    /// By function.
    pub(super) timers: BTreeMap<String, tokio::sync::Mutex<Status>>,
    instances: Mutex<BTreeMap<usize, Running>>,
    invoked: Mutex<Vec<Invoked>>,
    turn: AtomicUsize,
}

/// A running stand-in for the Functions host. Dropped, it kills all its instances.
pub struct FunctionsHost {
    shared: Arc<Shared>,
    front: Front,
}

impl FunctionsHost {
    /// Loads the app and takes HTTP requests. There is no instance yet: until there is one, callers get 503.
    pub async fn start(mut app: App, options: Options) -> anyhow::Result<Self> {
        ensure!(options.faster > 0, "times cannot be shortened by nothing");
        // What is passed on is neither followed nor unpacked.
        let mut client = reqwest::Client::builder().no_proxy().no_gzip().redirect(reqwest::redirect::Policy::none());
        if let Some(timeout) = app.host.function_timeout {
            client = client.timeout(timeout + Duration::from_secs(60));
        }
        if options.authentication.is_some() {
            // The platform's own word, which no app setting overrides.
            app.settings.insert("WEBSITE_AUTH_ENABLED".to_owned(), "True".to_owned());
        }
        let timers = app.names().map(|name| (name.to_owned(), tokio::sync::Mutex::default())).collect();
        let shared = Arc::new(Shared {
            app: Arc::new(app),
            options,
            report: Report::default(),
            client: client.build()?,
            timers,
            instances: Mutex::default(),
            invoked: Mutex::default(),
            turn: AtomicUsize::new(0),
        });
        let front = Front::start(shared.clone()).await?;
        Ok(Self { shared, front })
    }

    /// The same, with as many instances as `workers`, all of them ready.
    pub async fn run(app: App, options: Options, workers: &[Worker]) -> anyhow::Result<Self> {
        let host = Self::start(app, options).await?;
        for worker in workers {
            let id = host.scale_out(worker.clone());
            host.ready(id).await?;
        }
        Ok(host)
    }

    /// One more instance; its number. It starts by itself, see [`Self::ready`].
    pub fn scale_out(&self, worker: Worker) -> usize {
        let mut instances = self.shared.instances.lock().unwrap_or_else(PoisonError::into_inner);
        let id = instances.keys().next_back().map_or(0, |last| last + 1);
        instances.insert(id, self.shared.running(id, worker));
        id
    }

    /// Waits until the instance is ready; why it never will be is an error.
    pub async fn ready(&self, instance: usize) -> anyhow::Result<()> {
        let instance = self.instance(instance)?;
        instance.url().await.with_context(|| format!("instance {}: {:?}", instance.id, instance.lines.all()))?;
        Ok(())
    }

    /// The instance is gone from one moment to the next: process and host, SIGKILL. What it had in hand shows itself again when its
    /// hold is over. Its number is free for [`Self::restart`].
    pub async fn kill(&self, instance: usize) -> anyhow::Result<()> {
        self.end(instance, Order::Kill, false).await?;
        Ok(())
    }

    /// The platform takes the instance away: listeners stop, what is in hand may finish, then SIGTERM. The exit code of its process.
    pub async fn scale_in(&self, instance: usize) -> anyhow::Result<Option<i32>> {
        self.end(instance, Order::Terminate, true).await
    }

    /// A new instance in the place of one that was killed or stopped.
    pub async fn restart(&self, instance: usize, worker: Worker) -> anyhow::Result<()> {
        if self.instance(instance).is_ok() {
            self.kill(instance).await?;
        }
        let running = self.shared.running(instance, worker);
        self.shared.instances.lock().unwrap_or_else(PoisonError::into_inner).insert(instance, running);
        self.ready(instance).await
    }

    /// SIGKILL for the process alone: the host sees it and starts it again, twice.
    pub async fn kill_process(&self, instance: usize) -> anyhow::Result<()> {
        self.signal(instance, "-KILL").await
    }

    /// SIGTERM for the process alone, while the host lives.
    pub async fn terminate_process(&self, instance: usize) -> anyhow::Result<()> {
        self.signal(instance, "-TERM").await
    }

    async fn signal(&self, instance: usize, signal: &str) -> anyhow::Result<()> {
        let id = self.process(instance)?.context("there is no process")?;
        let sent = tokio::process::Command::new("kill").args([signal, &id.to_string()]).status().await?;
        ensure!(sent.success(), "the signal could not be sent");
        Ok(())
    }

    /// Fires a timer and waits for its end, repetitions included.
    pub async fn run_timer(&self, function: &str, past_due: bool) -> anyhow::Result<Run> {
        self.shared.run_timer(function, past_due).await
    }

    /// Where callers post, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.front.url
    }

    /// What went wrong so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.shared.report
    }

    /// The invocations of a function that have ended, in order of their ends.
    #[must_use]
    pub fn invoked(&self, function: &str) -> Vec<Invoked> {
        let all = self.shared.invoked.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|invoked| invoked.function == function).cloned().collect()
    }

    /// What the process of an instance wrote so far, both streams.
    pub fn lines(&self, instance: usize) -> anyhow::Result<Vec<String>> {
        Ok(self.instance(instance)?.lines.all())
    }

    /// The id of an instance's process; nothing while it has none.
    pub fn process(&self, instance: usize) -> anyhow::Result<Option<u32>> {
        Ok(self.instance(instance)?.process())
    }

    /// Listeners stop, what is in hand gets 10 seconds, then the processes are killed. What went wrong in all.
    pub async fn stop(self) -> anyhow::Result<Report> {
        let ids: Vec<usize> = self.shared.instances.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        for id in ids {
            self.end(id, Order::Kill, true).await?;
        }
        Ok(self.shared.report.clone())
    }

    fn instance(&self, id: usize) -> anyhow::Result<Arc<Instance>> {
        let instances = self.shared.instances.lock().unwrap_or_else(PoisonError::into_inner);
        instances.get(&id).map(|running| running.instance.clone()).with_context(|| format!("there is no instance {id}"))
    }

    async fn end(&self, id: usize, order: Order, drain: bool) -> anyhow::Result<Option<i32>> {
        let removed = self.shared.instances.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let running = removed.with_context(|| format!("there is no instance {id}"))?;
        if drain {
            running.instance.draining.store(true, Ordering::SeqCst);
        } else {
            running.instance.dead.store(true, Ordering::SeqCst);
        }
        for mut listener in running.listeners {
            if !drain || tokio::time::timeout(Duration::from_secs(10), &mut listener).await.is_err() {
                listener.abort();
                let _ = listener.await;
            }
        }
        running.instance.order(order);
        Ok(running.watching.await?)
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        for running in std::mem::take(&mut *self.shared.instances.lock().unwrap_or_else(PoisonError::into_inner)).into_values() {
            running.watching.abort();
            running.listeners.iter().for_each(JoinHandle::abort);
        }
    }
}

impl Shared {
    fn running(self: &Arc<Self>, id: usize, worker: Worker) -> Running {
        let (instance, watching) = Instance::start(id, self.app.clone(), worker, self.client.clone(), self.report.clone());
        let instance = Arc::new(instance);
        let queues = self.app.functions.iter().filter(|function| matches!(function.trigger, Trigger::Queue { .. }));
        let listeners = queues.map(|function| tokio::spawn(listen(self.clone(), instance.clone(), function.clone()))).collect();
        Running { instance, watching, listeners }
    }

    /// A time of the host, shortened as told.
    pub(super) fn shortened(&self, length: Duration) -> Duration {
        length / self.options.faster
    }

    /// The next instance that can take work, in turns.
    pub(super) fn next_instance(&self) -> Option<Arc<Instance>> {
        let instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        let alive: Vec<_> = instances.values().map(|running| &running.instance).filter(|instance| !instance.is_gone()).collect();
        let turn = self.turn.fetch_add(1, Ordering::SeqCst).checked_rem(alive.len())?;
        alive.get(turn).map(|instance| (*instance).clone())
    }

    /// One invocation with an envelope, its outputs included.
    pub(super) async fn invoke(&self, instance: &Instance, function: &Function, envelope: Value) -> Result<Answer, Failure> {
        let id = guid();
        let outcome = async {
            let url = instance.url().await?;
            let answer = invoke::post(&self.client, &url, &function.name, &id, &envelope).await?;
            output::check(function, &answer, instance.id, &self.report);
            output::send(function, &answer, self.app.host.queues.base64).await?;
            Ok(answer)
        };
        let outcome = outcome.await;
        self.note(instance, function, id, envelope, outcome.clone());
        outcome
    }

    /// Writes down how an invocation ended.
    pub(super) fn note(
        &self,
        instance: &Instance,
        function: &Function,
        id: String,
        sent: Value,
        outcome: Result<Answer, Failure>,
    ) {
        if let Err(failure) = &outcome
            && !instance.dead.load(Ordering::SeqCst)
        {
            let trouble = if matches!(failure, Failure::Hangs(_)) { Trouble::Hangs } else { Trouble::Failed };
            self.report.add(trouble, Some(instance.id), &function.name, format!("{failure} (invocation {id})"));
        }
        let invoked = Invoked { function: function.name.clone(), id, instance: instance.id, sent, outcome };
        self.invoked.lock().unwrap_or_else(PoisonError::into_inner).push(invoked);
    }
}
