# No server: a Python that finds the packages of tests/neighbours/python.

variables=(TRILHA_TEST_PYTHON)
packages=()

requirements=$workspace/tests/neighbours/python/requirements.txt
environment=$tools/neighbour-python

fetch() {
  [ -x "$environment/bin/python" ] && cmp --quiet "$requirements" "$environment/requirements.txt" && return
  # Debian's Python cannot put pip into an environment, and the one outside serves.
  rm -rf "$environment"
  python3 -m venv --without-pip "$environment" &&
    python3 -m pip --python "$environment" install --quiet --disable-pip-version-check \
      --root-user-action=ignore --no-deps --only-binary=:all: --requirement="$requirements" &&
    cp "$requirements" "$environment" || # last: it says that the rest is there
    fail "cannot install the packages of $requirements"
}

start() {
  publish TRILHA_TEST_PYTHON "$environment/bin/python"
}
