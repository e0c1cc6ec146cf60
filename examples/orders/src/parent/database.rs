//! The database: a file in a temporary folder, or a place of this run alone in somebody's own.

use std::{
    fmt,
    fs::{self, File},
    path::PathBuf,
    time::Duration,
};

use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{Error, traffic::Story};
use crate::database::Database;

/// A database with the tables that the services need.
pub(super) struct Store {
    place: Place,
    url: String,
    database: Database,
}

/// What is removed in the end.
enum Place {
    Folder { _folder: TempDir },
    File(PathBuf),
    Schema { server: String, name: String },
    Database { server: String, name: String },
}

impl Store {
    pub(super) async fn prepare(url: Option<&str>, run: &str) -> Result<Self, Error> {
        let (place, url) = Place::prepare(url, run).await?;
        let database = Database::connect(&url).await?;
        let store = Self { place, url, database };
        match store.database.create_tables().await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.clean_up().await?;
                Err(error.into())
            }
        }
    }

    /// Where the services find it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until an order is where its story has it.
    pub(super) async fn reaches(&self, id: &str, story: Story, deadline: Instant) -> Result<(), Error> {
        while self.database.progress(id).await? != Some(story.milestone()) {
            if Instant::now() > deadline {
                return Err(format!("{id} took too long").into());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    pub(super) async fn clean_up(self) -> Result<(), Error> {
        self.database.close().await;
        self.place.clean_up().await
    }
}

impl Place {
    /// Makes a place for the tables; returns it with the URL that leads there.
    async fn prepare(url: Option<&str>, run: &str) -> Result<(Self, String), Error> {
        let Some(url) = url else {
            let folder = tempfile::tempdir()?;
            let url = format!("sqlite://{}/orders.db?mode=rwc", folder.path().display());
            return Ok((Self::Folder { _folder: folder }, url));
        };
        let (server, name) = (url.to_owned(), format!("orders_{run}"));
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = PathBuf::from(file.strip_prefix("//").unwrap_or(file));
            if url.contains(['?', '#', '%']) || url.contains("memory") {
                return Err("four processes need a plain file".into());
            }
            // Removed in the end: it must be ours.
            File::create_new(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            return Ok((Self::File(file), url.to_owned()));
        }
        let mut url = Url::parse(url)?;
        if url.scheme().starts_with("postgres") {
            let mut connection = PgConnection::connect(&server).await?;
            connection.execute(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).await?;
            connection.close().await?;
            url.query_pairs_mut().append_pair("options[search_path]", &name);
            Ok((Self::Schema { server, name }, url.into()))
        } else {
            let mut connection = MySqlConnection::connect(&server).await?;
            connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
            connection.close().await?;
            url.set_path(&name);
            Ok((Self::Database { server, name }, url.into()))
        }
    }

    async fn clean_up(self) -> Result<(), Error> {
        match self {
            Self::Folder { _folder } => {}
            Self::File(path) => fs::remove_file(path)?,
            Self::Schema { server, name } => {
                let mut connection = PgConnection::connect(&server).await?;
                connection.execute(AssertSqlSafe(format!("DROP SCHEMA {name} CASCADE"))).await?;
            }
            Self::Database { server, name } => {
                let mut connection = MySqlConnection::connect(&server).await?;
                connection.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.place {
            Place::Folder { .. } => "SQLite in a temporary folder",
            Place::File(_) => "your SQLite file",
            Place::Schema { .. } => "your PostgreSQL",
            Place::Database { .. } => "your MySQL",
        })
    }
}
