#!/bin/sh
# What the tests need and pip can't get: Chromium and its driver, and PostgreSQL's server programs. From Debian's packages, where they are missing.
set -eu
missing=""
command -v chromium >/dev/null && command -v chromedriver >/dev/null || missing="chromium chromium-driver fonts-dejavu-core fonts-liberation"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "The tests need chromium, chromedriver and PostgreSQL's initdb and postgres: install them with your package manager." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
# Debian's package would make a server and start it. The tests start their own, so none is made while this file is there.
none=/etc/postgresql-common/createcluster.d/tocsin-tests.conf
$as_root mkdir -p "${none%/*}"
echo "create_main_cluster = false" | $as_root tee "$none" >/dev/null
trap '$as_root rm -f "$none"' EXIT
$as_root apt-get update -qq
# shellcheck disable=SC2086 several packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
