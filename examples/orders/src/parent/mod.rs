//! The parent: prepares what stands around the services, starts them, sends orders, and checks what
//! became of them.

mod broker;
mod check;
mod children;
mod database;
mod parts;
mod terminal;
mod traffic;

use std::{iter, process::ExitCode, time::Duration};

use tokio::{
    join, select,
    time::{Instant, sleep, timeout},
};
use trilha_testing::Receiver;

use self::{
    children::Children,
    parts::Parts,
    terminal::{complain, interrupted, show, show_trace},
    traffic::{Client, Sent, Story},
};
use crate::args::{Part, RunArgs};

/// What is not there or cannot be started.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long an order may take, from the client's request to the last span.
const LONGEST_ORDER: Duration = Duration::from_secs(60);

/// How long servers may take to forget a run.
const LONGEST_CLEAN_UP: Duration = Duration::from_secs(10);

/// Sends orders and checks their traces.
pub(crate) async fn run(args: RunArgs) -> ExitCode {
    let parts = match Parts::prepare(&args).await {
        Ok(parts) => parts,
        Err(error) => return complain(2, [error]),
    };
    let outcome = select! {
        outcome = tell(&args, &parts) => Some(outcome),
        () = interrupted() => None,
    };
    let cleaned_up = timeout(LONGEST_CLEAN_UP, parts.clean_up()).await;
    match (outcome, cleaned_up) {
        (None, _) => complain(130, ["interrupted"]),
        (Some(Err(error)), _) => complain(2, [error]),
        (Some(Ok(problems)), _) if !problems.is_empty() => complain(1, problems),
        (Some(Ok(_)), Ok(Ok(()))) => ExitCode::SUCCESS,
        (Some(Ok(_)), Ok(Err(error))) => complain(2, [error]),
        (Some(Ok(_)), Err(_)) => complain(2, ["cleaning up took too long"]),
    }
}

/// The story of some orders. Returns what is wrong with it.
async fn tell(args: &RunArgs, parts: &Parts) -> Result<Vec<String>, Error> {
    let mut children = Children::start(parts).await?;
    show(format_args!("gateway, order, payment and notification are up: {parts}\n"));

    let client = Client::new(children.gateway_url());
    let mut receiver = parts.receiver.as_ref();
    let mut sent = Vec::new();
    for story in stories(args) {
        sent.push(send(sent.len() + 1, story, &client, parts, &mut children).await?);
        if args.kill == Some(Part::Receiver) {
            receiver.take().into_iter().for_each(Receiver::stop);
        }
    }
    select! {
        ended = await_end(&sent, parts, receiver) => ended?,
        role = children.ended() => show(format_args!("{}: it ended in the middle", role.name())),
    }
    if let Some(Part::Service(role)) = args.kill {
        sent.push(send(sent.len() + 1, Story::Killed(role), &client, parts, &mut children).await?);
    }

    let mut problems: Vec<_> = sent.iter().filter_map(Sent::wrong_answer).collect();
    // What has not arrived when the services have stopped will not arrive any more.
    for (role, ending) in children.stop().await {
        show(format_args!("{}: {ending}", role.name()));
        problems.extend(ending.problem().map(|problem| format!("{}: {problem}", role.name())));
    }
    match receiver {
        Some(receiver) => problems.extend(check_all(&sent, receiver, parts)),
        None if args.otlp.is_some() => show("the traces are at your receiver, and were not checked here"),
        None => problems.push("no trace is whole: the receiver was killed".to_owned()),
    }
    Ok(problems)
}

fn stories(args: &RunArgs) -> impl Iterator<Item = Story> + use<> {
    iter::repeat_n(Story::Ordinary, args.orders.into()).chain([Story::Declined, Story::Abandoned])
}

/// What happens at one part, others know a moment later: that a row was written, that a connection has ended.
const UNTIL_KNOWN: Duration = Duration::from_millis(250);

/// Sends an order, and does to it what its story says.
async fn send(
    number: usize,
    story: Story,
    client: &Client,
    parts: &Parts,
    children: &mut Children,
) -> Result<Sent, Error> {
    let id = format!("order-{number}");
    let answer = client.send(&id, story);
    let reached = parts.database.reaches(&id, story, Instant::now() + LONGEST_ORDER);
    let answer = match story {
        Story::Ordinary | Story::Declined => answer.await,
        // What loses is dropped, and with the request its connection.
        Story::Abandoned => {
            let known = async {
                reached.await?;
                sleep(UNTIL_KNOWN).await;
                Ok::<_, Error>(())
            };
            select! {
                answer = answer => answer,
                known = known => known.map(|()| None)?,
            }
        }
        Story::Killed(role) => {
            let kill = async {
                reached.await?;
                children.kill(role).await
            };
            let (answer, killed) = join!(answer, kill);
            killed?;
            sleep(UNTIL_KNOWN).await;
            answer
        }
    };
    Ok(Sent { id: id.clone(), story, answer })
}

/// Waits until the orders are where their stories have them, and shows their traces as they get whole.
async fn await_end(sent: &[Sent], parts: &Parts, receiver: Option<&Receiver>) -> Result<(), Error> {
    let (deadline, names) = (Instant::now() + LONGEST_ORDER, parts.broker.names());
    for sent in sent {
        let Some(receiver) = receiver else {
            parts.database.reaches(&sent.id, sent.story, deadline).await?;
            let trace = sent.trace_id().map_or("unknown to its client".to_owned(), |id| id.to_string());
            show(format_args!("{sent}\ntrace {trace}"));
            continue;
        };
        let whole = (sent.trace_in(receiver))
            .with(|trace| check::problem(sent.story, trace, names).is_none())
            .within(deadline.saturating_duration_since(Instant::now()));
        if let Ok(trace) = whole.result().await {
            show_trace(sent, &trace);
        }
    }
    Ok(())
}

/// Checks the traces for good, and shows those that are not whole.
fn check_all(sent: &[Sent], receiver: &Receiver, parts: &Parts) -> Vec<String> {
    let mut traces = receiver.traces();
    let mut problems = Vec::new();
    for sent in sent {
        let Some(at) = traces.iter().position(|trace| sent.is_in(trace)) else {
            problems.push(format!("{}: nothing of its trace has arrived", sent.id));
            continue;
        };
        let trace = traces.swap_remove(at);
        if let Some(problem) = check::problem(sent.story, &trace, parts.broker.names()) {
            show_trace(sent, &trace);
            problems.push(format!("{}: {problem}", sent.id));
        }
    }
    problems.extend(traces.iter().map(|trace| format!("trace {} is of no order", trace.trace_id())));
    problems
}
