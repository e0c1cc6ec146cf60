//! A service as a process: it starts, tells its parent where it is, stops when the parent says so or is
//! gone, and tells it what became of its telemetry.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    process::{self, ExitCode},
    thread,
    time::Duration,
};

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::watch};

use super::{Role, Settings, gateway, notification, order, payment};

/// How long a service may take to stop: what is in hand, and the shutdown of its telemetry.
pub(crate) const LONGEST_STOP: Duration = Duration::from_secs(20);

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Runs one service until it is told to stop.
pub(crate) async fn run(settings: Settings) -> ExitCode {
    let stop = Stop::when_parent_closes_stdin();
    let role = settings.role;
    let report = match role {
        Role::Gateway => gateway::run(settings, stop).await,
        Role::Order => order::run(settings, stop).await,
        Role::Payment => payment::run(settings, stop).await,
        Role::Notification => notification::run(settings, stop).await,
    };
    let (word, status) = match report {
        Ok(report) if report.counts.spans.delivered == report.counts.spans.created => {
            (Word::Delivered(report.to_string()), ExitCode::SUCCESS)
        }
        Ok(report) => (Word::Lost(report.to_string()), ExitCode::SUCCESS),
        Err(error) => (Word::Failed(error.to_string()), ExitCode::FAILURE),
    };
    word.say();
    status
}

/// What a service tells its parent on standard output, among its log lines.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Word {
    /// It works, at this URL where it has one.
    Ready(String),
    /// It has stopped, and all its spans were delivered.
    Delivered(String),
    /// It has stopped, and spans were lost.
    Lost(String),
    /// It could not go on.
    Failed(String),
}

impl Word {
    const MARK: char = '@';

    fn say(&self) {
        let word = serde_json::to_string(self).unwrap_or_default();
        // A parent that has gone reads nothing.
        let _ = writeln!(io::stdout(), "{}{word}", Self::MARK);
    }

    /// The word in a line, unless it is a log line.
    pub(crate) fn hear(line: &str) -> Option<Self> {
        serde_json::from_str(line.strip_prefix(Self::MARK)?).ok()
    }
}

/// Tells the parent that the service works.
pub(super) fn ready(url: &str) {
    Word::Ready(url.to_owned()).say();
}

/// Serves HTTP on a free port until it is told to stop; requests in hand are answered first.
pub(super) async fn serve(router: Router, stop: Stop) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    ready(&format!("http://{}", listener.local_addr()?));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(async move { stop.requested().await }).await
}

/// Resolves when the parent closes our standard input. It needs not do so by itself: the system does it
/// for a parent that was killed.
pub(super) struct Stop(watch::Receiver<()>);

impl Stop {
    fn when_parent_closes_stdin() -> Self {
        let (parent, stop) = watch::channel(());
        // tokio's standard input would keep the runtime from ending.
        thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            drop(parent);
            // No service outlives its parent for long, whatever it hangs in.
            thread::sleep(LONGEST_STOP);
            process::exit(1);
        });
        Self(stop)
    }

    async fn requested(&self) {
        let mut stop = self.0.clone();
        while stop.changed().await.is_ok() {}
    }

    /// What `next` brings, or nothing once it is time to stop.
    pub(super) async fn or<T, E>(&self, next: impl Future<Output = Result<T, E>>) -> Result<Option<T>, E> {
        tokio::select! {
            biased;
            () = self.requested() => Ok(None),
            item = next => item.map(Some),
        }
    }
}
