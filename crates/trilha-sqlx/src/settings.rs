//! How a pool or a connection is traced, and the start of each operation.

use std::{borrow::Cow, sync::Arc};

use opentelemetry::metrics::{Histogram, Meter};
use sqlx::{Arguments, Execute, SqlStr, error::BoxDynError};
use trilha_core::{
    CarrierKind, Handle, Instruments, Operation, Recipient, Refusal, Scope, SpanKind, duration_histogram,
    guard::Place,
    recorder::Attribute,
    schema::{Exit, Key},
};

use crate::{
    Comments, Database, SCOPE,
    comment::Comment,
    database::Server,
    sql::{Queries, Query},
};

/// How queries are traced.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) handle: Option<Handle>,
    pub(crate) comments: Comments,
    pub(crate) is_route_commented: bool,
    pub(crate) system: Cow<'static, str>,
    server: Server,
    queries: Arc<Queries>,
}

/// A query that was taken apart, with the text that is to be sent.
pub(crate) struct Outgoing<DB: Database> {
    statement: Option<DB::Statement>,
    arguments: Option<Result<Option<DB::Arguments>, BoxDynError>>,
    is_persistent: bool,
    sql: SqlStr,
}

impl Settings {
    pub(crate) fn new<DB: Database>(server: Server) -> Self {
        Self {
            handle: None,
            comments: Comments::default(),
            is_route_commented: false,
            system: Cow::Borrowed(DB::SYSTEM),
            server,
            queries: Arc::default(),
        }
    }

    /// Starts the operation of a query, and gives the query as it is to be sent.
    pub(crate) fn query<'q, DB, E>(&self, mut query: E) -> (Operation, Outgoing<DB>)
    where
        DB: Database,
        E: Execute<'q, DB>,
    {
        // In the order in which sqlx's drivers ask: a query may answer `persistent` by what is left.
        let statement = query.statement().cloned();
        let arguments = query.take_arguments();
        let is_persistent = query.persistent();
        let sql = query.sql();

        let is_parameterised = matches!(&arguments, Ok(Some(arguments)) if arguments.len() > 0);
        let known = self.queries.of(&sql, DB::DIALECT);
        let operation = self.operation(&Call {
            operation: known.operation.as_deref(),
            collection: known.collection.as_deref(),
            summary: known.summary.as_deref(),
            text: Some(known.recorded(sql.as_str(), is_parameterised)),
        });
        let (sql, is_persistent) = match &statement {
            // It is cached under the text that it was prepared with.
            Some(_) => (sql, is_persistent),
            None => self.comment(&operation, &known, sql, is_persistent),
        };
        (operation, Outgoing { statement, arguments: Some(arguments), is_persistent, sql })
    }

    /// Starts the operation of a statement that sqlx makes up: `BEGIN`, `SAVEPOINT`.
    pub(crate) fn command<DB: Database>(&self, name: &str, text: Option<&SqlStr>) -> Operation {
        let known = text.map(|text| (text, self.queries.of(text, DB::DIALECT)));
        let text = known.as_ref().map(|(text, known)| known.recorded(text.as_str(), false));
        self.operation(&Call { operation: Some(name), summary: Some(name), collection: None, text })
    }

    fn operation(&self, call: &Call<'_>) -> Operation {
        let Server { address, port, namespace } = &self.server;
        let mut attributes: Vec<Attribute<'_>> = Vec::with_capacity(8);
        attributes.push(("db.system.name", self.system.as_ref().into()));
        let texts = [
            ("db.namespace", namespace.as_deref()),
            ("db.operation.name", call.operation),
            ("db.collection.name", call.collection),
            ("server.address", address.as_deref()),
        ];
        attributes.extend(texts.into_iter().filter_map(|(key, value)| Some((key, value?.into()))));
        attributes.extend(port.map(|port| ("server.port", port.into())));
        let dimensions = attributes.clone();
        let texts = [("db.query.summary", call.summary), ("db.query.text", call.text)];
        attributes.extend(texts.into_iter().filter_map(|(key, value)| Some((key, value?.into()))));

        let handle = Handle::resolve(self.handle.as_ref());
        let durations = handle.instruments::<Durations>();
        // Without a summary the text is none that we know, and its first word may be anything.
        let name = call.summary.or(namespace.as_deref()).unwrap_or(&self.system);
        Operation::builder(&SCOPE, name, SpanKind::Client)
            .handle(handle)
            .attributes(&attributes)
            .dimensions(&dimensions)
            .duration(durations.as_deref().map(|it| &it.operation))
            .start()
    }

    /// The text with its comment, and whether it stays prepared.
    fn comment(
        &self,
        operation: &Operation,
        known: &Query,
        sql: SqlStr,
        is_persistent: bool,
    ) -> (SqlStr, bool) {
        if self.comments == Comments::Off || !known.takes_comment() {
            return (sql, is_persistent);
        }
        let handle = operation.handle();
        if !handle.propagation().is_enabled(CarrierKind::Database) {
            return (sql, is_persistent);
        }
        let attributes = operation.attributes();
        let is_sampled = operation.is_recording() && operation.trace_context().is_sampled();
        if self.comments == Comments::Sampled && is_sampled {
            let mut comment = Comment::of(handle.service(), None);
            if !comment.add(&attributes) {
                handle.refuse(Refusal::Carrier);
            }
            operation.inject(&mut comment, Recipient::Unknown);
            return (known.with_comment(&sql, &comment), false);
        }
        let may_name_route = self.is_route_commented
            && handle.schema().get(Key::Route.name()).is_some_and(|route| route.travels(Exit::SqlComment));
        let guard = handle.guard();
        let is_fit = |route: &Arc<str>| guard.lets_pass(Place::SqlComment, Key::Route.name(), route);
        let route = attributes.value(Key::Route).filter(|route| may_name_route && is_fit(route));
        (known.commented(&sql, handle.service(), route.as_deref()), is_persistent)
    }
}

/// What is recorded of one call.
struct Call<'a> {
    operation: Option<&'a str>,
    collection: Option<&'a str>,
    summary: Option<&'a str>,
    text: Option<&'a str>,
}

impl<DB: Database> Execute<'_, DB> for Outgoing<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        self.arguments.take().unwrap_or(Ok(None))
    }

    fn persistent(&self) -> bool {
        self.is_persistent
    }
}

/// In seconds, as the semantic conventions advise.
const BOUNDARIES: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

#[derive(Debug)]
struct Durations {
    operation: Histogram<f64>,
}

impl Instruments for Durations {
    const SCOPE: Scope = SCOPE;

    fn create(meter: &Meter) -> Self {
        let description = "Duration of database client operations.";
        Self {
            operation: duration_histogram(meter, "db.client.operation.duration", description, &BOUNDARIES),
        }
    }
}

/// The setters that a pool and a single connection share.
macro_rules! settings {
    () => {
        /// Records with this handle. Defaults to the handle of the operation that a query runs in, else
        /// the process's default.
        #[must_use]
        pub fn handle(mut self, handle: trilha_core::Handle) -> Self {
            std::sync::Arc::make_mut(&mut self.settings).handle = Some(handle);
            self
        }

        /// What queries carry in a comment. Defaults to [`Comments::Static`](crate::Comments::Static).
        #[must_use]
        pub fn comments(mut self, comments: crate::Comments) -> Self {
            std::sync::Arc::make_mut(&mut self.settings).comments = comments;
            self
        }

        /// Whether a comment names the `route` of the
        /// [context attributes](trilha_core::ContextAttributes). Defaults to no; a
        /// [sampled](crate::Comments::Sampled) one does anyway.
        ///
        /// A query then is a prepared statement of its own for each route that sends it. Of each
        /// query, the first eight routes are told apart; later ones are not named, so that they cannot
        /// push the rest out of sqlx's cache of statements.
        #[must_use]
        pub fn comment_route(mut self, is_commented: bool) -> Self {
            std::sync::Arc::make_mut(&mut self.settings).is_route_commented = is_commented;
            self
        }

        /// The value of `db.system.name`. Defaults to `postgresql`, `mysql` or `sqlite`, by the driver.
        ///
        /// For databases that speak another one's protocol: `mariadb`, `cockroachdb`.
        #[must_use]
        pub fn system_name(mut self, name: impl Into<std::borrow::Cow<'static, str>>) -> Self {
            std::sync::Arc::make_mut(&mut self.settings).system = name.into();
            self
        }
    };
}
pub(crate) use settings;
