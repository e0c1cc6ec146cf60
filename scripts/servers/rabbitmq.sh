# RabbitMQ, with an epmd (Erlang's name service) of its own, so that it meets no other on the machine.

variables=(TRILHA_TEST_AMQP_URL)
packages=(rabbitmq-server)

start() {
  local port=$1 distribution_port=$2 epmd_port=$3
  # The package's wrappers in /usr/sbin run only as root or as the package's own user.
  local bin=/usr/lib/rabbitmq/bin

  : >rabbitmq.conf
  : >rabbitmq-env.conf
  echo "[]." >enabled_plugins

  export HOME=$PWD # for the Erlang cookie
  export ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1
  export RABBITMQ_NODENAME=trilha@localhost
  export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$port
  export RABBITMQ_DIST_PORT=$distribution_port
  export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
  export RABBITMQ_MNESIA_BASE=$PWD/mnesia RABBITMQ_LOG_BASE=$PWD/logs RABBITMQ_PID_FILE=$PWD/node-pid
  export RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/enabled_plugins
  export RABBITMQ_CONFIG_FILE=$PWD/rabbitmq.conf RABBITMQ_CONF_ENV_FILE=$PWD/rabbitmq-env.conf
  export RUNNING_UNDER_SYSTEMD=true # else a shell stays in front of the server

  daemon epmd TERM "${unprivileged[@]}" epmd
  ready epmd port_open "$epmd_port"

  daemon rabbitmq TERM "${unprivileged[@]}" "$bin/rabbitmq-server"
  ready rabbitmq port_open "$port" # first: asking costs a second each time
  ready rabbitmq "${unprivileged[@]}" "$bin/rabbitmqctl" --quiet await_startup

  publish TRILHA_TEST_AMQP_URL "amqp://guest:guest@127.0.0.1:$port/%2f"
}
