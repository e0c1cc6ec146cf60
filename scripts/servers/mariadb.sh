# MariaDB, which stands in for MySQL.

variables=(TRILHA_TEST_MYSQL_URL)
packages=(mariadb-server)

start() {
  local port=$1

  "${unprivileged[@]}" mariadb-install-db --no-defaults --datadir="$PWD/data" \
    --auth-root-authentication-method=normal --skip-test-db >mariadb-install-db.log 2>&1 ||
    give_up mariadb-install-db failed

  daemon mariadb TERM "${unprivileged[@]}" mariadbd --no-defaults --datadir="$PWD/data" \
    --bind-address=127.0.0.1 --port="$port" --socket=socket --pid-file=pid \
    --innodb-flush-log-at-trx-commit=0
  ready mariadb mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$port" --user=root \
    --execute="CREATE DATABASE IF NOT EXISTS test"

  publish TRILHA_TEST_MYSQL_URL "mysql://root@127.0.0.1:$port/test"
}
