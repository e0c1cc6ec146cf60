//! The stacks on mimalloc, where those look better that allocate more.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> trilha_benches::Result<()> {
    trilha_benches::main()
}
