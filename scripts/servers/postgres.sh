# PostgreSQL, with pg_stat_statements to see what statements the server really got.

variables=(TRILHA_TEST_POSTGRES_URL)
packages=(postgresql)

start() {
  local port=$1 bin
  bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

  "${unprivileged[@]}" "$bin/initdb" --username=postgres --auth=trust --no-sync --pgdata=data \
    >initdb.log 2>&1 ||
    give_up initdb failed

  # SIGINT is the "fast" stop; SIGTERM would wait for the clients to leave.
  daemon postgres INT "${unprivileged[@]}" "$bin/postgres" -D data -p "$port" -k "" \
    -c listen_addresses=127.0.0.1 \
    -c max_connections=200 \
    -c fsync=off \
    -c shared_preload_libraries=pg_stat_statements
  ready postgres "$bin/pg_isready" --host=127.0.0.1 --port="$port"

  publish TRILHA_TEST_POSTGRES_URL "postgres://postgres@127.0.0.1:$port/postgres"
}
