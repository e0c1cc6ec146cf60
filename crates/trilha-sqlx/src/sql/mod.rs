//! What is known of a query by its text, and kept for the next time: what it is called, what of it
//! may be recorded, where a comment may go.

mod cache;
mod lexer;
mod placement;
mod sanitiser;
mod summary;

use std::sync::OnceLock;

use parking_lot::RwLock;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use trilha_core::Service;

pub(crate) use self::cache::Queries;
use crate::{comment::Comment, database::Dialect};

/// Of a longer text, in bytes, only the beginning is read; it is neither kept nor commented.
const MAX_READ: usize = 16 * 1024;

/// The longest text that is recorded, in bytes.
const MAX_RECORDED: usize = 4 * 1024;

/// A text is kept with at most this many comments: each of them is a statement of its own to sqlx's
/// caches and to the server.
const MAX_COMMENTED: usize = 8;

/// What is known of a query by its text.
#[derive(Debug)]
pub(crate) struct Query {
    /// `db.operation.name`.
    pub(crate) operation: Option<String>,
    /// `db.collection.name`.
    pub(crate) collection: Option<String>,
    /// `db.query.summary`.
    pub(crate) summary: Option<String>,
    /// The byte before which a comment goes; none where the text has to stay as it is.
    comment_at: Option<usize>,
    sanitised: OnceLock<String>,
    commented: RwLock<Vec<Commented>>,
    dialect: Dialect,
}

/// The text with a comment, shared by all queries that say the same.
#[derive(Debug)]
struct Commented {
    service: Service,
    route: Option<String>,
    text: SqlStr,
}

impl Query {
    fn new(text: &str, dialect: Dialect) -> Self {
        let read = cut(text, MAX_READ);
        let summary = summary::summary(read, dialect);
        Self {
            operation: summary.operation,
            collection: summary.collection,
            summary: summary.text,
            comment_at: if is_kept(text) { placement::placement(text, dialect) } else { None },
            sanitised: OnceLock::new(),
            commented: RwLock::default(),
            dialect,
        }
    }

    /// `db.query.text`: a text with parameters as it is, else without its values.
    pub(crate) fn recorded<'a>(&'a self, text: &'a str, is_parameterised: bool) -> &'a str {
        if is_parameterised {
            return bounded(text);
        }
        self.sanitised.get_or_init(|| sanitiser::sanitised(cut(text, MAX_READ), self.dialect))
    }

    /// Whether the text may be commented.
    pub(crate) fn takes_comment(&self) -> bool {
        self.comment_at.is_some()
    }

    /// The text with `comment`, for one use.
    pub(crate) fn with_comment(&self, text: &SqlStr, comment: &Comment) -> SqlStr {
        let comment = comment.to_string();
        let parts = self.comment_at.and_then(|at| text.as_str().split_at_checked(at));
        match parts {
            Some((before, after)) if !comment.is_empty() => {
                AssertSqlSafe(format!("{before} {comment}{after}")).into_sql_str()
            }
            _ => text.clone(),
        }
    }

    /// The text with a comment that says who asks: built once, and shared from then on.
    ///
    /// Only so many routes are told apart for each text; the others share one without a route.
    pub(crate) fn commented(&self, text: &SqlStr, service: &Service, route: Option<&str>) -> SqlStr {
        let is_same = |known: &&Commented| known.service == *service && known.route.as_deref() == route;
        if let Some(known) = self.commented.read().iter().find(is_same) {
            return known.text.clone();
        }
        let mut commented = self.commented.write();
        if let Some(known) = commented.iter().find(is_same) {
            return known.text.clone();
        }
        if route.is_some() && commented.len() >= MAX_COMMENTED {
            drop(commented);
            return self.commented(text, service, None);
        }
        // The clone of a text that somebody else built is one of shared text.
        let new = self.with_comment(text, &Comment::of(service, route)).clone();
        if commented.len() <= MAX_COMMENTED {
            let (service, route) = (service.clone(), route.map(str::to_owned));
            commented.push(Commented { service, route, text: new.clone() });
        }
        new
    }
}

fn is_kept(text: &str) -> bool {
    text.len() <= MAX_READ
}

/// As much of a text as is recorded.
fn bounded(text: &str) -> &str {
    cut(text, MAX_RECORDED)
}

/// The beginning of `text`, between two characters.
fn cut(text: &str, length: usize) -> &str {
    text.get(..text.floor_char_boundary(length)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> Service {
        Service { name: name.to_owned(), zone: None }
    }

    #[test]
    fn a_commented_text_is_built_once_and_shared() {
        let text = AssertSqlSafe("select 1;".to_owned()).into_sql_str();
        let query = Query::new(text.as_str(), Dialect::Postgres);
        let first = query.commented(&text, &service("orders"), None);
        let second = query.commented(&text, &service("orders"), None);
        assert_eq!(first.as_str(), "select 1 /*service='orders'*/;");
        assert!(std::ptr::eq(first.as_str(), second.as_str()));
        let other = query.commented(&text, &service("payment"), None);
        assert_eq!(other.as_str(), "select 1 /*service='payment'*/;");
    }

    #[test]
    fn only_so_many_routes_are_told_apart() {
        let text = SqlStr::from_static("select 1");
        let query = Query::new(text.as_str(), Dialect::Postgres);
        let texts: Vec<_> = (0..20)
            .map(|number| query.commented(&text, &service("orders"), Some(&format!("r{number}"))))
            .collect();
        assert_eq!(texts[0].as_str(), "select 1 /*route='r0',service='orders'*/");
        for shared in &texts[MAX_COMMENTED..] {
            assert_eq!(shared.as_str(), "select 1 /*service='orders'*/");
        }
        assert!(query.commented.read().len() <= MAX_COMMENTED + 1);
    }

    #[test]
    fn a_service_without_a_name_says_nothing() {
        let text = SqlStr::from_static("select 1");
        let query = Query::new(text.as_str(), Dialect::Postgres);
        assert_eq!(query.commented(&text, &Service::default(), None).as_str(), "select 1");
    }
}
