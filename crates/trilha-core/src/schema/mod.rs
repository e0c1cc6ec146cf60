//! The vocabulary that all services share: keys, what their values may be, and where each may travel.
//!
//! One file, `schema/registry.toml` of this crate, says all of it; the keys, the typed values, the tables
//! and `SCHEMA.md` are made from it. Attributes that OpenTelemetry defines (`http.route`,
//! `db.system.name`…) have their rules there and not here.
//!
//! | to … | look at |
//! |---|---|
//! | make a value that keeps its key's rules | [`Tenant`], [`Route`], [`Model`], [`Consumer`]… |
//! | know a key's rules | [`Key::definition`], [`Definition`] |
//! | know where a value may go | [`Definition::travels`], [`Exit`] |
//! | add a platform's own keys and zones | [`Schema::with_key`], [`Schema::with_zone`] |

mod builder;
mod class;
mod definition;
mod exits;
mod format;
mod generated;
mod group;
mod key;
mod registry;
mod runtime;
mod value;
mod zone;

#[cfg(feature = "render")]
pub mod render;

pub use self::{
    builder::DefinitionBuilder,
    class::{PiiClass, Stability, ValueType},
    definition::{Definition, InvalidDefinition},
    exits::{Exit, Exits},
    format::{Format, Rule},
    generated::{
        Component, ConsumerApp, CorrelationId, Key, ModelName, ModelStage, ModelVersion, PolicyDigest,
        Purpose, Route, Tenant, UseCase,
    },
    group::{Consumer, Model},
    registry::{EventDefinition, OpenTelemetry, Registry},
    runtime::Schema,
    value::InvalidValue,
    zone::{InvalidZone, Zone, ZoneDefinition},
};
