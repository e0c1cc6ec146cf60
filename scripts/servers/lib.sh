# What the server files share. Each of them, NAME.sh, declares
#
#   variables   the environment variables that name the server; none is started where one is set
#   packages    the Debian packages that it needs
#   fetch       a function, if there is more to install
#   start       a function: takes three free ports of 127.0.0.1, starts the server in the current
#               folder, which is its own, waits until it is ready, and publishes its variables

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

servers=(postgres mariadb rabbitmq kafka otlp python node)

# The servers from Debian refuse to run as root, or warn against it.
unprivileged=()
if [ "$(id -u)" = 0 ]; then
  unprivileged=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi

# Starts a process that outlives the script: daemon NAME STOP_SIGNAL COMMAND...
# It leaves NAME.log and NAME.pid, which holds the pid and the signal that stops it.
daemon() {
  local name=$1 signal=$2
  shift 2
  (
    echo "$BASHPID $signal" >"$name.pid"
    exec setsid "$@" </dev/null >"$name.log" 2>&1
  ) &
  until [ -s "$name.pid" ]; do sleep 0.01; done
}

# Waits until a command succeeds: ready NAME COMMAND...
# Gives up when the daemon NAME has ended, or after two minutes.
ready() {
  local name=$1 end=$((SECONDS + 120)) pid
  shift
  until "$@" >>"$name.ready.log" 2>&1; do
    read -r pid _ <"$name.pid"
    kill -0 "$pid" 2>/dev/null || give_up "$name" "ended while it started"
    ((SECONDS < end)) || give_up "$name" "is not ready after two minutes"
    sleep 0.1
  done
}

# Shows the end of NAME.log, and fails: give_up NAME REASON
give_up() {
  tail -n 15 "$1.log" "$1.ready.log" >&2 2>/dev/null || true
  fail "$1 $2; see its log above"
}

port_open() {
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Names the server to the tests: publish VARIABLE VALUE
publish() {
  printf "export %s='%s'\n" "$1" "$2" >>"$PWD/env"
}

# Prints as many free ports. They are below 32768, where the ports of outgoing connections begin:
# such a connection could take the port before the server does.
free_ports() {
  python3 - "$1" <<'PYTHON'
import random, socket, sys

held = []
for port in random.sample(range(20000, 32768), 12768):
    if len(held) == int(sys.argv[1]):
        break
    candidate = socket.socket()
    try:
        candidate.bind(("", port))
        held.append(candidate)
    except OSError:
        pass
print(*(s.getsockname()[1] for s in held), sep="\n")
PYTHON
}
