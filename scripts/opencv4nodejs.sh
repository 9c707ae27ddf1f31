#!/usr/bin/env bash
# Builds opencv4nodejs (the maintained fork, under its usual name) for the tests of the "opencv" video backend: Debian's
# OpenCV and some 12 minutes of compiling, once, into a cache outside the repository. Prints the folder it lies in.
set -euo pipefail
folder="${INFOMOTION_CACHE:-$HOME/.cache/infomotion}/opencv4nodejs-7.1.2-node-$(node -p process.versions.modules)"
if [ ! -e "$folder/ready" ]; then
  packages=()
  for package in libopencv-dev libopencv-contrib-dev; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || packages+=("$package")
  done
  if [ ${#packages[@]} -gt 0 ]; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
  fi
  # node-gyp wants Node's headers; those beside this Node serve where they cannot be downloaded.
  beside="$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")"
  [ ! -e "$beside/include/node/node_api.h" ] || export npm_config_nodedir="$beside"
  rm -rf "$folder"
  mkdir -p "$folder"
  echo '{ "private": true }' >"$folder/package.json"
  OPENCV4NODEJS_DISABLE_AUTOBUILD=1 JOBS="$(nproc)" \
    npm install --prefix "$folder" --no-audit --no-fund --loglevel=error "opencv4nodejs@npm:@u4/opencv4nodejs@7.1.2" >&2
  touch "$folder/ready"
fi
echo "$folder"
