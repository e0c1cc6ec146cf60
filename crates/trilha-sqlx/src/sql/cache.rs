//! Queries by their text, bounded.
//!
//! Two generations: when the young one is full it becomes the old one, and the old one goes. What is
//! asked for again moves up. So queries that a program repeats stay, and texts that it builds for one
//! use pass through.

use std::{collections::HashMap, mem, sync::Arc};

use parking_lot::RwLock;
use sqlx::SqlStr;

use super::{Query, is_kept};
use crate::database::Dialect;

/// Texts in each generation.
const GENERATION: usize = 256;

/// Queries by their text.
#[derive(Debug, Default)]
pub(crate) struct Queries(RwLock<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<SqlStr, Arc<Query>>,
    old: HashMap<SqlStr, Arc<Query>>,
}

impl Queries {
    /// What is known of the query with this text.
    pub(crate) fn of(&self, text: &SqlStr, dialect: Dialect) -> Arc<Query> {
        if !is_kept(text.as_str()) {
            return Arc::new(Query::new(text.as_str(), dialect));
        }
        if let Some(query) = self.0.read().young.get(text.as_str()) {
            return query.clone();
        }
        let new = || Arc::new(Query::new(text.as_str(), dialect));
        let known = self.0.read().old.get(text.as_str()).cloned();
        let query = known.unwrap_or_else(new);
        let mut generations = self.0.write();
        if generations.young.len() >= GENERATION {
            generations.old = mem::take(&mut generations.young);
        }
        generations.young.entry(text.clone()).or_insert(query).clone()
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, SqlSafeStr};

    use super::*;

    fn text(number: usize) -> SqlStr {
        AssertSqlSafe(format!("select {number}")).into_sql_str()
    }

    #[test]
    fn a_text_that_is_used_again_stays_and_one_that_is_not_goes() {
        let queries = Queries::default();
        let of = |number| queries.of(&text(number), Dialect::Sqlite);
        let (kept, gone) = (of(0), of(1));
        for number in 2..3 * GENERATION {
            of(number);
            if number % 100 == 0 {
                of(0);
            }
        }
        assert!(Arc::ptr_eq(&kept, &of(0)));
        assert!(!Arc::ptr_eq(&gone, &of(1)));
    }

    #[test]
    fn the_cache_is_bounded() {
        let queries = Queries::default();
        for number in 0..5 * GENERATION {
            queries.of(&text(number), Dialect::Sqlite);
        }
        let generations = queries.0.read();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn a_text_that_is_too_long_is_not_kept() {
        let queries = Queries::default();
        let long = AssertSqlSafe(format!("select '{}'", "a".repeat(super::super::MAX_READ))).into_sql_str();
        let query = queries.of(&long, Dialect::Sqlite);
        assert_eq!(query.operation.as_deref(), Some("select"));
        assert!(!query.takes_comment());
        assert!(queries.0.read().young.is_empty());
    }
}
