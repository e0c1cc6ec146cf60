# rotel, an OTLP receiver written by others, over gRPC and HTTP. Its log shows what arrived.

variables=(TRILHA_TEST_OTLP_GRPC_URL TRILHA_TEST_OTLP_HTTP_URL TRILHA_TEST_OTLP_LOG)
packages=(libpython3.11) # the binary links to it

rotel_version=0.0.1a15
rotel=$tools/rotel-$rotel_version

fetch() {
  [ -x "$rotel/rotel/rotel-agent" ] && return
  # Only the binary in the wheel is needed, whatever Python this is.
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --no-deps --only-binary=:all: --python-version=3.11 --target="$rotel" "rotel==$rotel_version" ||
    fail "cannot install rotel $rotel_version with pip"
}

start() {
  local grpc_port=$1 http_port=$2

  daemon rotel TERM "$rotel/rotel/rotel-agent" start \
    --otlp-grpc-endpoint "127.0.0.1:$grpc_port" --otlp-http-endpoint "127.0.0.1:$http_port" \
    --exporter blackhole --debug-log traces --debug-log-verbosity detailed
  ready rotel port_open "$grpc_port"
  ready rotel port_open "$http_port"

  publish TRILHA_TEST_OTLP_GRPC_URL "http://127.0.0.1:$grpc_port"
  publish TRILHA_TEST_OTLP_HTTP_URL "http://127.0.0.1:$http_port"
  publish TRILHA_TEST_OTLP_LOG "$PWD/rotel.log"
}
