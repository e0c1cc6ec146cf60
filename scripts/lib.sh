# What the scripts share: one-line failures, Debian packages, tools that are built once, commands
# that can be ended as a whole.

workspace=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$workspace/target/tools # kept from run to run

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Installs the Debian packages that are missing: debian_packages WAY_OUT PACKAGE...
# WAY_OUT says what somebody can do where that is not possible.
debian_packages() {
  local way_out=$1 package missing=() log
  shift
  for package; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} != 0 ] || return 0

  [ -x /usr/bin/apt-get ] || fail "no apt-get here for ${missing[*]}: $way_out"
  [ "$(id -u)" = 0 ] || fail "only root may install ${missing[*]}: $way_out"
  echo "installing ${missing[*]}"
  log=$(mktemp)
  {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update && apt-get -q install --yes --no-install-recommends "${missing[@]}"
  } </dev/null >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    fail "apt-get cannot install ${missing[*]}: $way_out"
  }
  rm "$log"
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
