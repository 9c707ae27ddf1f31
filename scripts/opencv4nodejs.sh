#!/usr/bin/env bash
# Builds opencv4nodejs (the maintained fork @u4/opencv4nodejs, MIT) once against Debian's OpenCV, for the tests that hand
# cv.Mat to and fro and read clips through it; prints the folder whose node_modules/ has it. It is an optional peer: no
# install of infomotion needs it, and the tests skip by name where the folder is absent.
#   INFOMOTION_CACHE  where it is kept, outside the repository (default ~/.cache/infomotion)
#   JOBS              compilers at once (default 2); about 12 minutes of CPU time the first time, none afterwards
set -euo pipefail
version=7.1.2
here=$(cd "$(dirname "$0")" && pwd)
folder=${INFOMOTION_CACHE:-$HOME/.cache/infomotion}/opencv4nodejs-$version-node-$(node -p process.versions.modules)
if [ ! -e "$folder/ready" ]; then
  bash "$here/debian-packages.sh" libopencv-dev libopencv-contrib-dev g++ make python3 >&2
  rm -rf "$folder"
  mkdir -p "$folder"
  echo '{ "private": true }' >"$folder/package.json"
  # Without its own install script, which would fetch and compile all of OpenCV: only the binding is built, explicitly.
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error \
    "opencv4nodejs@npm:@u4/opencv4nodejs@$version" >&2
  cd "$folder/node_modules/opencv4nodejs"
  beside=$(dirname "$(dirname "$(node -p process.execPath)")") # Node's headers, where they need no download
  [ ! -e "$beside/include/node/node.h" ] || export npm_config_nodedir=$beside
  OPENCV4NODEJS_DISABLE_AUTOBUILD=1 "$here/../node_modules/.bin/node-gyp" rebuild --jobs "${JOBS:-2}" \
    >"$folder/build.log" 2>&1 || { tail -n 40 "$folder/build.log" >&2; exit 1; }
  rm -rf build/Release/obj.target
  touch "$folder/ready"
fi
echo "$folder"
