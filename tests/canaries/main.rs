//! Canaries in every input of every adapter, and the hunt for them in all that leaves: none is seen.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod databases;
mod inside;
mod kafka;
mod plants;
mod rabbitmq;
mod rpc;
mod service;
mod web;

use trilha_testing::{Hunt, canaries};

use self::{
    plants::Plants,
    service::{Evidence, REPORT, Service},
};

/// Both wait for each other: they share the subscriber of the process.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_canaries_and_none_leaves() {
    let (plants, evidence) = planted("version = 1").await;
    assert!(plants.count() >= 10_000, "only {} are planted", plants.count());
    assert!(evidence.redactions > 10_000, "only {} redactions", evidence.redactions);
    evidence.assert_complete();
    hunt(&plants, &evidence).assert_none();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_hidden_thousands_are_seen() {
    let (plants, evidence) = planted("version = 1\n[guard]\ndry_run = true\n").await;
    let hunt = hunt(&plants, &evidence);
    for place in evidence.places().filter(|place| *place != REPORT) {
        let seen = hunt.sightings().iter().filter(|sighting| sighting.place() == place).count();
        assert!(seen > 0, "no canary got as far as {place}");
    }
    let seen = hunt.sightings().len();
    assert!(seen > 10_000, "only {seen} sightings");
}

async fn planted(policy: &str) -> (Plants, Evidence) {
    let _turn = TURN.lock().await;
    let mut plants = Plants::new(canaries());
    let service = Service::start(policy, &mut plants);
    web::plant(&service, &mut plants).await;
    rpc::plant(&service, &mut plants).await;
    inside::plant(&service, &mut plants).await;
    databases::plant(&service, &mut plants).await;
    rabbitmq::plant(&service, &mut plants).await;
    kafka::plant(&service, &mut plants).await;
    let evidence = service.finish().await;
    (plants, evidence)
}

fn hunt(plants: &Plants, evidence: &Evidence) -> Hunt {
    let mut hunt = Hunt::new(plants.planted().cloned());
    evidence.for_each(|place, bytes| {
        hunt.search(place, bytes);
    });
    hunt
}
