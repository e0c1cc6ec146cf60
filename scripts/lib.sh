# What the scripts share: one-line failures, tools that are built once, commands that can be ended
# as a whole.

workspace=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$workspace/target/tools # kept from run to run

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Builds a tool into $tools/bin, unless this version is there: cargo_tool NAME VERSION [FLAG...]
# A debug build without debug information: the tools serve tests, and compile in half the time.
cargo_tool() {
  local name=$1 version=$2
  shift 2
  grep -qs "\"$name $version " "$tools/.crates.toml" || echo "building $name $version; this happens once"
  CARGO_TARGET_DIR=$tools/build CARGO_PROFILE_DEV_DEBUG=0 PATH=$tools/bin:$PATH \
    cargo install "$name" --version "$version" --locked --debug --quiet --root "$tools" "$@" ||
    fail "cannot build $name $version"
  rm -rf "$tools/build"
}

# Runs a command in a process group of its own and leaves its exit status in $status. A signal is
# handled at once, not when the command has ended, and end_group then ends all that it started.
# Call it alone, not in a condition: bash would switch `set -e` off inside.
in_group() {
  set -m # gives the next command its group, and leaves it the default action for SIGINT
  (
    set -e
    "$@"
  ) <&0 &
  group=$!
  set +m
  wait "$group" && status=0 || status=$?
  group=
}

end_group() {
  [ -n "${group:-}" ] || return 0
  kill -TERM -- "-$group" 2>/dev/null || true
  wait "$group" 2>/dev/null || true
  group=
}

# Makes a signal an ordinary exit, so that the EXIT trap cleans up.
exit_on_signals() {
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}
