# tansu, a broker that speaks Kafka's protocol and comes as a crate.

variables=(TRILHA_TEST_KAFKA_URL)
packages=()

fetch() {
  cargo_tool tansu 0.6.0 --no-default-features --features libsql
}

start() {
  local port=$1

  # Storage is SQLite: the memory engine reports wrong watermarks.
  daemon tansu TERM "$tools/bin/tansu" broker --storage-engine sqlite://tansu.db \
    --listener-url "tcp://127.0.0.1:$port" --advertised-listener-url "tcp://127.0.0.1:$port"
  ready tansu port_open "$port"

  publish TRILHA_TEST_KAFKA_URL "127.0.0.1:$port"
}
