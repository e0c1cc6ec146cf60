//! Queries on real databases, and what of them arrives at a receiver.
//!
//! SQLite is always there; PostgreSQL and MariaDB are named by `TRILHA_TEST_POSTGRES_URL` and
//! `TRILHA_TEST_MYSQL_URL`.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod attributes;
mod comments;
mod contract;
mod metrics;
mod mysql;
mod postgres;
mod sqlite;
mod support;
