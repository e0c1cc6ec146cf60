//! `cargo run -p xtask -- generate` makes the files that come from the schema's registry, and
//! `cargo run -p xtask -- check` tells which of them are not current.
//!
//! It reads nothing but the registry and the files that it makes. It is built on the core, and the core on
//! one of these files: change the registry, generate, and then use in the core what is new.

mod rust;
mod weaver;

use std::{
    error::Error,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use trilha_core::schema::{Registry, render};

const REGISTRY: &str = "crates/trilha-core/schema/registry.toml";

/// The first line of what is made.
const MADE: &str = "Made from crates/trilha-core/schema/registry.toml by `cargo run -p xtask -- generate`.";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A file that is made from the registry: its path below the repository's root, and its text.
type Artefact = (&'static str, String);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["generate"] => artefacts().and_then(generate),
        ["check"] => artefacts().and_then(check),
        _ => Err("usage: cargo run -p xtask -- generate | check".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is gone, the exit status still tells.
            let _ = writeln!(io::stderr(), "xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn artefacts() -> Result<Vec<Artefact>> {
    let text = fs::read_to_string(root().join(REGISTRY))?;
    let registry: Registry = toml::from_str(&text).map_err(|error| format!("{REGISTRY}: {error}"))?;
    Ok(vec![
        ("crates/trilha-core/src/schema/generated.rs", rust::render(&registry)?),
        ("SCHEMA.md", format!("<!-- {MADE} -->\n\n{}", render::markdown(&registry))),
        ("schema/semconv/manifest.yaml", format!("# {MADE}\n{}", weaver::manifest(&registry))),
        ("schema/semconv/registry.yaml", format!("# {MADE}\n{}", render::semconv(&registry))),
        ("schema/collector.yaml", format!("# {MADE}\n#\n{}", render::collector(&registry))),
    ])
}

fn generate(artefacts: Vec<Artefact>) -> Result<()> {
    for (path, text) in artefacts {
        let path = root().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn check(artefacts: Vec<Artefact>) -> Result<()> {
    let is_current =
        |(path, text): &Artefact| fs::read_to_string(root().join(path)).is_ok_and(|on_disk| on_disk == *text);
    let stale: Vec<_> =
        artefacts.iter().filter(|artefact| !is_current(artefact)).map(|(path, _)| *path).collect();
    match stale[..] {
        [] => Ok(()),
        _ => Err(format!("not current: {}; run `cargo run -p xtask -- generate`", stale.join(", ")).into()),
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
