//! The services as child processes: none outlives the parent.

use std::{
    env, fmt,
    io::{self, Write},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
    try_join,
};

use super::{Error, parts::Parts};
use crate::services::{LONGEST_STOP, Role, Word};

const LONGEST_START: Duration = Duration::from_secs(60);

/// The running services, in the order in which requests reach them.
pub(super) struct Children {
    services: Vec<Service>,
    gateway_url: String,
}

struct Service {
    role: Role,
    child: Child,
    /// Reads its output to the end.
    ending: JoinHandle<Ending>,
}

/// The last word of a service; a killed one has none.
pub(super) struct Ending(Option<Word>);

impl Children {
    /// Starts the services and waits until they work.
    pub(super) async fn start(parts: &Parts) -> Result<Self, Error> {
        let ((order, order_url), (payment, _), (notification, _)) = try_join!(
            Service::start(Role::Order, parts, None),
            Service::start(Role::Payment, parts, None),
            Service::start(Role::Notification, parts, None),
        )?;
        let (gateway, gateway_url) = Service::start(Role::Gateway, parts, Some(&order_url)).await?;
        Ok(Self { services: vec![gateway, order, payment, notification], gateway_url })
    }

    pub(super) fn gateway_url(&self) -> &str {
        &self.gateway_url
    }

    /// Returns when a service has ended by itself. (Waiting for the process would tell it to stop.)
    pub(super) async fn ended(&self) -> Role {
        loop {
            if let Some(service) = self.services.iter().find(|service| service.ending.is_finished()) {
                return service.role;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Kills a service as the system does it, without warning.
    pub(super) async fn kill(&mut self, role: Role) -> Result<(), Error> {
        if let Some(at) = self.services.iter().position(|service| service.role == role) {
            self.services.remove(at).child.kill().await?;
        }
        Ok(())
    }

    /// Stops those that still run; each finishes what it has begun.
    pub(super) async fn stop(self) -> Vec<(Role, Ending)> {
        let stopping = self.services.into_iter().map(|service| tokio::spawn(service.stop()));
        let mut endings = Vec::new();
        for stopping in stopping.collect::<Vec<_>>() {
            endings.extend(stopping.await);
        }
        endings
    }
}

impl Service {
    /// Starts a service; returns it with its URL.
    async fn start(role: Role, parts: &Parts, order_url: Option<&str>) -> Result<(Self, String), Error> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["service", &role.name()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        parts.configure(&mut command);
        command.envs(order_url.map(|url| ("ORDERS_ORDER_URL", url)));
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("a child has no standard output")?;
        let (is_ready, ready) = oneshot::channel();
        let ending = tokio::spawn(listen(stdout, is_ready));
        match timeout(LONGEST_START, ready).await {
            Ok(Ok(url)) => Ok((Self { role, child, ending }, url)),
            Ok(Err(_)) => Err(format!("the {} service did not start: {}", role.name(), ending.await?).into()),
            Err(_) => Err(format!("the {} service did not start in time", role.name()).into()),
        }
    }

    async fn stop(mut self) -> (Role, Ending) {
        // Waiting closes its standard input, and that tells it to stop.
        if timeout(LONGEST_STOP + Duration::from_secs(5), self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        (self.role, self.ending.await.unwrap_or(Ending(None)))
    }
}

/// Reads what a service says, to the end. Log lines are passed on.
async fn listen(stdout: ChildStdout, is_ready: oneshot::Sender<String>) -> Ending {
    let mut lines = BufReader::new(stdout).lines();
    let (mut is_ready, mut last) = (Some(is_ready), None);
    while let Ok(Some(line)) = lines.next_line().await {
        match Word::hear(&line) {
            Some(Word::Ready(url)) => drop(is_ready.take().map(|is_ready| is_ready.send(url))),
            Some(word) => last = Some(word),
            None => drop(writeln!(io::stderr(), "{line}")),
        }
    }
    Ending(last)
}

impl Ending {
    /// What is wrong with it.
    pub(super) fn problem(&self) -> Option<&Self> {
        (!matches!(self.0, Some(Word::Delivered(_)))).then_some(self)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Word::Ready(text) | Word::Delivered(text) | Word::Lost(text) | Word::Failed(text)) => {
                f.write_str(text)
            }
            None => f.write_str("it ended without a word"),
        }
    }
}
