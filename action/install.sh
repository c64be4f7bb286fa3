#!/usr/bin/env bash
# Puts billhook on this runner: the one on PATH if it is the version that is asked for, else the archive of a release, held
# against its SHA-256, else built from the action's own source. Says where it is as the output `program`.
#
# INPUT_VERSION  such as v0.1.0; anything that is no version is built
# INPUT_SHA256   of the archive; empty: as the release says
# ACTION_PATH    where the action is checked out
set -euo pipefail

version="${INPUT_VERSION:-}"
source="${ACTION_PATH:?}"
folder="${RUNNER_TEMP:?}/billhook"
releases="${BILLHOOK_RELEASES:-https://github.com/billhook/billhook/releases/download}"
suffix=""
[ "${RUNNER_OS:-}" = Windows ] && suffix=.exe

found() {
  echo "program=$1" >>"${GITHUB_OUTPUT:?}"
  "$1" --version
  exit 0
}

target() {
  case "${RUNNER_OS:-}-${RUNNER_ARCH:-}" in
    Linux-X64) echo x86_64-unknown-linux-musl ;;
    Linux-ARM64) echo aarch64-unknown-linux-musl ;;
    macOS-X64) echo x86_64-apple-darwin ;;
    macOS-ARM64) echo aarch64-apple-darwin ;;
    Windows-X64) echo x86_64-pc-windows-msvc ;;
    Windows-ARM64) echo aarch64-pc-windows-msvc ;;
    *) return 1 ;;
  esac
}

sum() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

get() { curl --silent --show-error --fail --location --retry 3 --max-time 300 --output "$2" "$1"; }

# The archive of the release, if there is one for this runner.
download() {
  local name archive expected
  name="billhook-$version-$(target).tar.gz" || return 1
  archive="$folder/$name"
  get "$releases/$version/$name" "$archive" || return 1
  expected="${INPUT_SHA256:-}"
  if [ -z "$expected" ]; then
    get "$releases/$version/SHA256SUMS" "$folder/SHA256SUMS" || return 1
    expected="$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$folder/SHA256SUMS")"
  fi
  if [ "$(sum "$archive")" != "$expected" ]; then
    echo "::error title=billhook::$name is not what was released: its SHA-256 is $(sum "$archive"), not ${expected:-known}"
    exit 1
  fi
  tar -xzf "$archive" -C "$folder"
}

mkdir -p "$folder"
if [[ "$version" =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]]; then
  if [ -z "${INPUT_SHA256:-}" ] && [ "$(billhook --version 2>/dev/null)" = "billhook ${version#v}" ]; then
    found "$(command -v billhook)"
  fi
  if download; then
    found "$folder/billhook$suffix"
  fi
  if [ -n "${INPUT_SHA256:-}" ]; then
    echo "::error title=billhook::there is no release $version for this runner, so its SHA-256 cannot be held against anything"
    exit 1
  fi
  echo "::notice title=billhook::there is no release $version for this runner; building it, which takes minutes"
fi
if ! command -v cargo >/dev/null; then
  echo "::error title=billhook::no release to install and no Rust to build with: name a release (version: v0.1.0), or install Rust before"
  exit 1
fi
cargo install --quiet --locked --path "$source" --root "$folder/built"
found "$folder/built/bin/billhook$suffix"
