//! What stands around the services: receiver, broker and database, embedded or somebody's own.

use std::{
    env, fmt, process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::Url;
use tokio::{
    net::{TcpStream, ToSocketAddrs},
    process::Command,
    time::timeout,
};
use trilha_testing::Receiver;

use super::{Error, broker::Broker, database::Store};
use crate::args::RunArgs;

/// Everything that the services need.
pub(super) struct Parts {
    /// Nothing where the traces go to somebody's own.
    pub(super) receiver: Option<Receiver>,
    pub(super) broker: Broker,
    pub(super) database: Store,
    otlp: String,
}

impl Parts {
    /// Starts what is embedded, reaches for what is not, and creates there what this run alone uses.
    pub(super) async fn prepare(args: &RunArgs) -> Result<Self, Error> {
        let (receiver, otlp) = match &args.otlp {
            Some(url) => {
                reach_url(url).await.map_err(of("--otlp"))?;
                (None, url.clone())
            }
            None => {
                let receiver = Receiver::builder().start()?;
                let endpoint = receiver.http_endpoint();
                (Some(receiver), endpoint)
            }
        };
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = format!("{:x}{:06x}", process::id(), since_epoch.as_micros() & 0xff_ffff);
        let broker = Broker::prepare(args.broker.as_deref(), &run).await.map_err(of("--broker"))?;
        match Store::prepare(args.database.as_deref(), &run).await.map_err(of("--database")) {
            Ok(database) => Ok(Self { receiver, broker, database, otlp }),
            Err(error) => {
                broker.clean_up().await?;
                Err(error)
            }
        }
    }

    /// Tells a service where everything is.
    pub(super) fn configure(&self, command: &mut Command) {
        // What this shell says of its own telemetry is not meant for the services, but for the key to
        // somebody's own receiver.
        const KEY: &str = "OTEL_EXPORTER_OTLP_HEADERS";
        for (name, _) in env::vars_os() {
            let is_of_shell = name.to_string_lossy().starts_with("OTEL_");
            if is_of_shell && (self.receiver.is_some() || name != KEY) {
                command.env_remove(name);
            }
        }
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.otlp);
        if env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        command.env("ORDERS_DATABASE", self.database.url());
        command.env("ORDERS_BROKER", self.broker.url());
        command.env("ORDERS_QUEUE_SUFFIX", &self.broker.names().suffix);
    }

    /// Removes what was created on servers that stay.
    pub(super) async fn clean_up(self) -> Result<(), Error> {
        let broker = self.broker.clean_up().await;
        self.database.clean_up().await?;
        broker
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { receiver, broker, database, otlp } = self;
        let whose = if receiver.is_some() { "an embedded" } else { "your" };
        write!(f, "{broker}, {database}, {whose} receiver at {otlp}")
    }
}

async fn reach_url(url: &str) -> Result<(), Error> {
    let url = Url::parse(url)?;
    reach((url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())).await
}

/// Whether something listens there.
pub(super) async fn reach(address: impl ToSocketAddrs) -> Result<(), Error> {
    timeout(Duration::from_secs(5), TcpStream::connect(address)).await??;
    Ok(())
}

/// Puts the option to change in front of an error.
fn of(option: &'static str) -> impl Fn(Error) -> Error {
    move |error| format!("{option}: {error}").into()
}
