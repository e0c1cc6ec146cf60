//! What a query does to which tables, in a few words: `SELECT orders customers`.
//!
//! It follows keywords, and parses no expressions. What it does not know it leaves out, so that a
//! summary has as many values as the program has kinds of queries.
//!
//! Specification: [OpenTelemetry semantic conventions for databases 1.37, query summary](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/database/database-spans.md#generating-a-summary-of-the-query).

use std::mem;

use super::lexer::{Kind, Lexer, Token};
use crate::database::Dialect;

/// The summary is cut between its words so as not to be longer, in bytes.
const MAX_LENGTH: usize = 255;

/// Statements that are summed up by their first word alone.
#[rustfmt::skip]
const COMMANDS: &[&str] = &[
    "ABORT", "ATTACH", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT", "COMMIT", "COPY",
    "DEALLOCATE", "DECLARE", "DESCRIBE", "DETACH", "DISCARD", "DO", "END", "EXECUTE", "FETCH", "FLUSH", "GRANT",
    "KILL", "LISTEN", "LOAD", "LOCK", "NOTIFY", "OPTIMIZE", "PRAGMA", "PREPARE", "REFRESH", "REINDEX", "RELEASE",
    "RENAME", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SET", "SHOW", "START", "UNLISTEN", "USE", "VACUUM",
    "VALUES",
];

/// Statements whose next word says what they make or remove.
const DEFINITIONS: &[&str] = &["ALTER", "CREATE", "DROP", "TRUNCATE"];

#[rustfmt::skip]
const OBJECTS: &[&str] = &["DATABASE", "FUNCTION", "INDEX", "PROCEDURE", "SCHEMA", "TABLE", "TRIGGER", "VIEW"];

/// May stand before the word for an object.
#[rustfmt::skip]
const MODIFIERS: &[&str] = &[
    "FOREIGN", "FULLTEXT", "GLOBAL", "LOCAL", "MATERIALIZED", "OR", "RECURSIVE", "REPLACE", "SPATIAL", "TEMP",
    "TEMPORARY", "UNIQUE", "UNLOGGED", "VIRTUAL",
];

/// Statements on rows that are known only where a statement begins: `UPDATE` also stands in `FOR UPDATE`.
const WRITES: &[&str] = &["DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"];

/// Ends a list of tables.
#[rustfmt::skip]
const CLAUSES: &[&str] = &[
    "EXCEPT", "FETCH", "FOR", "GROUP", "HAVING", "INTERSECT", "LIMIT", "OFFSET", "ORDER", "RETURNING", "SET",
    "UNION", "VALUES", "WHERE", "WINDOW",
];

/// May stand between a keyword and the table that it announces.
const FILLERS: &[&str] = &["EXISTS", "IF", "IGNORE", "LATERAL", "LOW_PRIORITY", "NOT", "ONLY"];

/// What a query does, and to what. Names are as the query writes them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Summary {
    /// The statement's own operation, not that of a subquery, if there is one and only one.
    pub(super) operation: Option<String>,
    /// The table, if there is one and only one.
    pub(super) collection: Option<String>,
    /// All operations and tables, in their order.
    pub(super) text: Option<String>,
}

pub(super) fn summary(text: &str, dialect: Dialect) -> Summary {
    let tokens: Vec<Token<'_>> = Lexer::new(text, dialect).filter(Token::is_significant).collect();
    let mut reader = Reader::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at + 1..).unwrap_or_default();
        at += 1 + reader.read(token, rest);
    }
    reader.finish()
}

/// Its methods say how many tokens they used beside the one that they were given.
#[derive(Debug, Default)]
struct Reader {
    words: Vec<String>,
    /// What each statement does, outside of all parentheses.
    statements: Vec<String>,
    tables: Vec<String>,
    /// Names that `WITH` gives to subqueries.
    aliases: Vec<String>,
    level: Level,
    outer: Vec<Level>,
}

/// What is known inside one pair of parentheses.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Something was read that a statement cannot begin after.
    is_inside: bool,
    /// `WITH` was read, and not yet the statement that it belongs to.
    is_with: bool,
    has_operation: bool,
    /// A comma leads to another table.
    is_table_list: bool,
    expects: Expects,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Expects {
    #[default]
    Nothing,
    /// A table, or a call of a function that makes one.
    Source,
    /// A table that a list of columns may follow.
    Target,
    /// The name of a subquery.
    Alias,
}

impl Reader {
    fn read(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> usize {
        let is_expected = self.level.expects != Expects::Nothing;
        match token.kind {
            Kind::Mark => self.mark(token),
            Kind::Word if is_expected && token.is_one_of(FILLERS) => 0,
            Kind::Word | Kind::Name if is_expected => self.name(token, rest),
            Kind::Word => self.word(token, rest),
            _ => {
                self.level.expects = Expects::Nothing;
                0
            }
        }
    }

    fn mark(&mut self, token: &Token<'_>) -> usize {
        self.level.expects = Expects::Nothing;
        match token.text {
            "(" => self.outer.push(mem::take(&mut self.level)),
            ")" => {
                self.level = self.outer.pop().unwrap_or_default();
                // The statement that `WITH` belongs to follows its last subquery.
                self.level.is_inside &= !self.level.is_with;
            }
            ";" if self.outer.is_empty() => self.level = Level::default(),
            "," if self.level.is_table_list => self.level.expects = Expects::Source,
            "," if self.level.is_with => self.level.expects = Expects::Alias,
            _ => {}
        }
        0
    }

    fn word(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> usize {
        let is_start = !mem::replace(&mut self.level.is_inside, true);
        let is_top = self.outer.is_empty();
        let next_is = |word| rest.first().is_some_and(|next| next.is_word(word));
        if is_start && token.is_word("WITH") {
            self.level.is_with = true;
            self.level.expects = Expects::Alias;
            return usize::from(next_is("RECURSIVE"));
        }
        let may_write = is_start && (is_top || self.outer.last().is_some_and(|outer| outer.is_with));
        if token.is_word("SELECT") || (may_write && token.is_one_of(WRITES)) {
            self.operation(token.text.to_owned());
            if token.is_word("UPDATE") {
                self.level.expects = Expects::Target;
                self.level.is_table_list = true;
            }
            // `UPDATE OR IGNORE t`: what SQLite does on a conflict.
            return if next_is("OR") { 2 } else { 0 };
        }
        if is_start && is_top && token.is_one_of(&["EXPLAIN", "ANALYZE"]) {
            self.operation(token.text.to_owned());
            self.level.is_inside = false;
            return 0;
        }
        if is_start && is_top && token.is_one_of(COMMANDS) {
            self.operation(token.text.to_owned());
            return rest.iter().position(|next| next.is_mark(";")).unwrap_or(rest.len());
        }
        if is_start && is_top && token.is_one_of(DEFINITIONS) {
            return self.definition(token, rest);
        }
        if self.level.has_operation { self.clause(token, rest) } else { 0 }
    }

    /// `CREATE OR REPLACE VIEW v`, `DROP TABLE a, b`.
    fn definition(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> usize {
        let at = rest.iter().position(|next| !next.is_one_of(MODIFIERS));
        let object = at.and_then(|at| rest.get(at)).filter(|object| object.is_one_of(OBJECTS));
        match object {
            Some(object) => self.operation(format!("{} {}", token.text, object.text)),
            None => self.operation(token.text.to_owned()),
        }
        let is_truncated = token.is_word("TRUNCATE");
        if object.map_or(is_truncated, |object| object.is_one_of(&["TABLE", "VIEW"])) {
            self.level.expects = Expects::Target;
            self.level.is_table_list = is_truncated || token.is_word("DROP");
        }
        object.and(at).map_or(0, |at| at + 1)
    }

    /// A keyword inside a statement.
    fn clause(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> usize {
        if token.is_one_of(&["FROM", "JOIN", "STRAIGHT_JOIN"]) {
            self.level.expects = Expects::Source;
            self.level.is_table_list = true;
        } else if token.is_word("INTO") {
            self.level.expects = Expects::Target;
        } else if token.is_word("DISTINCT") {
            // `IS DISTINCT FROM` compares.
            return usize::from(rest.first().is_some_and(|next| next.is_word("FROM")));
        } else if token.is_one_of(CLAUSES) {
            self.level.is_table_list = false;
        }
        0
    }

    fn operation(&mut self, name: String) {
        if self.outer.is_empty() && !self.level.has_operation {
            self.statements.push(name.clone());
        }
        self.level.has_operation = true;
        self.level.is_with = false;
        self.level.is_table_list = false;
        self.words.push(name);
    }

    /// A name that may have several parts, such as `public.orders`.
    fn name(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> usize {
        let mut name = token.text.to_owned();
        let mut used = 0;
        while let [dot, part, ..] = rest.get(used..).unwrap_or_default()
            && dot.is_mark(".")
            && matches!(part.kind, Kind::Word | Kind::Name)
        {
            name.push('.');
            name.push_str(part.text);
            used += 2;
        }
        let is_call = rest.get(used).is_some_and(|next| next.is_mark("("));
        let is_alias = self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&name));
        match mem::take(&mut self.level.expects) {
            Expects::Alias => self.aliases.push(name),
            Expects::Source if is_call => {}
            Expects::Source | Expects::Target if !is_alias => {
                if !self.tables.contains(&name) {
                    self.tables.push(name.clone());
                }
                self.words.push(name);
            }
            _ => {}
        }
        used
    }

    fn finish(self) -> Summary {
        let Self { words, mut statements, tables, .. } = self;
        let mut text = String::new();
        for word in &words {
            if text.len() + 1 + word.len() > MAX_LENGTH {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        statements.dedup();
        let only =
            |mut names: Vec<String>| names.pop().filter(|name| names.is_empty() && name.len() < MAX_LENGTH);
        // Where all is in parentheses, it begins with what it does.
        if statements.is_empty() {
            statements.extend(words.first().cloned());
        }
        Summary {
            operation: only(statements),
            collection: only(tables),
            text: Some(text).filter(|text| !text.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Dialect::*;

    #[track_caller]
    fn sums_up(text: &str, expected: &str) {
        assert_eq!(summary(text, Postgres).text.as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn the_examples_of_the_specification_read_as_there() {
        sums_up("SELECT *\nFROM   wuser_table\nWHERE  username = ?", "SELECT wuser_table");
        sums_up(
            "INSERT INTO shipping_details (order_id, address) SELECT order_id, address FROM orders WHERE order_id = ?",
            "INSERT shipping_details SELECT orders",
        );
        sums_up("SELECT * FROM songs, artists WHERE songs.artist_id == artists.id", "SELECT songs artists");
        sums_up(
            "SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.customer_id = c.customer_id)",
            "SELECT SELECT orders customers",
        );
        sums_up("SELECT * FROM \"song list\", artists", "SELECT \"song list\" artists");
    }

    #[test]
    fn operations_and_tables_stand_as_they_are_written() {
        sums_up("insert into public.\"Orders\" values ($1)", "insert public.\"Orders\"");
        sums_up("update only orders as o set a = b from items i where true", "update orders items");
        sums_up("delete from orders where id = $1 returning *", "delete orders");
        sums_up("create table if not exists orders (id int, comment text)", "create table orders");
        sums_up("drop table a, b", "drop table a b");
        sums_up("truncate orders", "truncate orders");
        sums_up("alter table a add column b int, add column c int", "alter table a");
        sums_up("create unique index i on orders (a)", "create index");
        sums_up("explain analyze select 1 from a", "explain analyze select a");
        sums_up("begin; insert into a values (1); commit", "begin insert a commit");
        sums_up("(select 1 from a) union (select 2 from b)", "select a select b");
        sums_up("select a from b union all select c from d", "select b select d");
    }

    #[test]
    fn what_only_looks_like_a_table_or_an_operation_is_left_out() {
        sums_up("select extract(year from at), a is distinct from b from t", "select t");
        sums_up("select * from generate_series(1, 2) s, t", "select t");
        sums_up(
            "insert into t (comment, \"end\", start) values (1, 2, 3) on conflict (a) do update set b = 1",
            "insert t",
        );
        sums_up("select a from t for update of t", "select t");
        sums_up("select a, replace(b, 'c', 'd') from t order by a, b", "select t");
        sums_up("grant select on t to ana", "grant");
        sums_up("values (1), (2)", "values");
        sums_up("select 'from x', $$ join y $$ -- from z", "select");
    }

    #[test]
    fn names_given_by_with_are_no_tables() {
        sums_up(
            "with recursive tree (id) as (select id from nodes union select n.id from nodes n join tree t on true), \
             gone as (delete from queue returning *) insert into archive select * from tree, gone",
            "select nodes select nodes delete queue insert archive select",
        );
        let found = summary("with a as materialized (select 1 from b) update c set d = 1", Postgres);
        assert_eq!(found.operation.as_deref(), Some("update"));
    }

    #[test]
    fn dialects_have_their_own_words() {
        for (text, dialect, expected) in [
            ("insert or replace into t values (1)", Sqlite, "insert t"),
            ("update or ignore [my t] set a = 1", Sqlite, "update [my t]"),
            ("insert ignore into `t` values (1)", MySql, "insert `t`"),
            ("replace into t values (1)", MySql, "replace t"),
            ("update low_priority a, b set a.x = b.x", MySql, "update a b"),
            ("select a into @b from c", MySql, "select c"),
        ] {
            assert_eq!(summary(text, dialect).text.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn there_is_one_operation_and_one_table_or_none() {
        let of = |text| summary(text, Postgres);
        let found = of("select * from orders o join orders p using (id)");
        assert_eq!(
            (found.operation.as_deref(), found.collection.as_deref()),
            (Some("select"), Some("orders"))
        );
        let found = of("insert into a select * from b");
        assert_eq!((found.operation.as_deref(), found.collection.as_deref()), (Some("insert"), None));
        assert_eq!(of("insert into a values (1); delete from a").operation, None);
        assert_eq!(
            of("insert into a values (1); insert into a values (2)").operation.as_deref(),
            Some("insert")
        );
        assert_eq!(of("frobnicate the orders"), Summary::default());
        assert_eq!(of(" ; -- nothing"), Summary::default());
    }

    #[test]
    fn a_long_summary_is_cut_between_names() {
        let tables: Vec<String> = (0..100).map(|n| format!("table_{n}")).collect();
        let text = summary(&format!("select * from {}", tables.join(", ")), Postgres).text.unwrap();
        assert!(text.len() <= MAX_LENGTH && text.starts_with("select table_0 table_1 "));
        assert!(tables.iter().any(|table| text.ends_with(table.as_str())));
    }
}
