//! What a comment says of the work at hand.

use std::collections::HashMap;

use trilha_core::{
    Operation, Refusal, Scope, SpanKind, Trust,
    schema::{Definition, Exit, Key, Schema, Zone},
};
use trilha_sqlx::{Comments, PgConnection};
use trilha_testing::{Fixture, server};

use crate::{
    postgres::{mirror, prepared},
    support::{comment, handle, operation},
};

static SCOPE: Scope = Scope::new("test", "");

/// A platform with keys of its own, of which some may stand in comments.
fn platform() -> Schema {
    let key = |name: &'static str, exits: &[Exit]| {
        Definition::builder(name, "a key of the platform's own").exits(exits.iter().copied()).build().unwrap()
    };
    let comment = [Exit::Span, Exit::SqlComment, Exit::Baggage];
    let keys =
        [key("shard", &comment), key("cell.name", &comment), key("batch", &[Exit::Span, Exit::Baggage])];
    keys.into_iter().fold(Schema::builtin(), |schema, key| schema.with_key(key).unwrap())
}

#[tokio::test]
async fn sampled_comments_name_what_the_schema_lets_go_there_and_nothing_else() {
    let Some(url) = server("TRILHA_TEST_POSTGRES_URL") else { return };
    let fixture = Fixture::start("orders");
    let service = handle(&fixture, |builder| builder.service("orders", Some(Zone::Z2)).schema(platform()));
    let connect = |comments| {
        let service = service.clone();
        let url = &url;
        async move { PgConnection::connect(url).await.unwrap().handle(service).comments(comments) }
    };
    let came_in = HashMap::from([
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "vendor=in-tracestate"),
        ("baggage", "user.region=in-baggage,batch=in-batch,shard=7"),
        ("correlation_id", "in-correlation"),
    ]);
    let came_in: HashMap<_, _> =
        came_in.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut work = Operation::builder(&SCOPE, "work", SpanKind::Server)
        .handle(service.clone())
        .extract(&came_in, Trust::Internal)
        .start();
    work.attributes().tenant("in-tenant").route("/orders/{id}").set_named("cell.name", "são 1");

    let mut connection = connect(Comments::Sampled).await;
    let text = work.drive(mirror(&mut connection)).await;
    let pairs: Vec<_> = comment(&text).unwrap().split(',').collect();
    let [cell, route, service, shard, traceparent, zone] = pairs[..] else { panic!("{text}") };
    assert_eq!(
        [cell, route, service],
        ["cell.name='s%C3%A3o%201'", "route='%2Forders%2F%7Bid%7D'", "service='orders'"]
    );
    assert_eq!([shard, zone], ["shard='7'", "zone='Z2'"]);
    assert!(traceparent.starts_with("traceparent='00-0af7651916cd43dd8448eb211c80319c-"), "{text}");
    assert!(prepared(&mut connection).await.is_empty());

    // Nothing of it where the text has to stay the same.
    let mut connection = connect(Comments::Static).await;
    for shard in ["7", "8"] {
        work.attributes().set_named("shard", shard);
        let text = work.drive(mirror(&mut connection)).await;
        assert_eq!(comment(&text), Some("service='orders',zone='Z2'"));
    }
    assert_eq!(prepared(&mut connection).await.len(), 1);
}

#[tokio::test]
async fn attributes_that_make_a_comment_too_long_are_left_out_and_counted() {
    let Some(url) = server("TRILHA_TEST_POSTGRES_URL") else { return };
    let fixture = Fixture::start("orders");
    let long = |number: usize| {
        let key = Definition::builder(format!("key{number}"), "a long one").max_length(256);
        key.exits([Exit::SqlComment]).build().unwrap()
    };
    let schema = (0..20).fold(Schema::builtin(), |schema, number| schema.with_key(long(number)).unwrap());
    let service = handle(&fixture, |builder| builder.service("orders", Some(Zone::Z2)).schema(schema));
    let mut work = operation(&service, "work", None);
    for number in 0..20 {
        work.attributes().set_named(&format!("key{number}"), "é".repeat(128));
    }
    let mut connection =
        PgConnection::connect(&url).await.unwrap().handle(service.clone()).comments(Comments::Sampled);
    let text = work.drive(mirror(&mut connection)).await;
    let said = comment(&text).unwrap();
    assert!(said.len() < 2_200 && said.contains("key0='%C3%A9"), "{text}");
    assert!(said.contains("service='orders'") && said.contains("traceparent='00-"), "{text}");
    assert_eq!(service.stats().refused(Refusal::Carrier), 1);
}

#[tokio::test]
async fn a_route_that_the_schema_keeps_out_of_comments_stays_out() {
    let Some(url) = server("TRILHA_TEST_POSTGRES_URL") else { return };
    let fixture = Fixture::start("orders");
    let narrow = Key::Route.definition().to_builder().exits([Exit::Span]).build().unwrap();
    let schema = Schema::builtin().with_key(narrow).unwrap();
    let service = handle(&fixture, |builder| builder.service("orders", None).schema(schema));
    let mut work = operation(&service, "work", None);
    work.attributes().route("/orders/{id}");
    for comments in [Comments::Static, Comments::Sampled] {
        let connection = PgConnection::connect(&url).await.unwrap().handle(service.clone());
        let mut connection = connection.comments(comments).comment_route(true);
        let text = work.drive(mirror(&mut connection)).await;
        assert!(text.contains("service='orders'") && !text.contains("route="), "{text}");
    }
}
