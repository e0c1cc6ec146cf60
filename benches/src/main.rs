//! The stacks on the system's allocator.

fn main() -> trilha_benches::Result<()> {
    trilha_benches::main()
}
