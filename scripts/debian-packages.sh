#!/usr/bin/env bash
# The Debian packages that some tests need, or those named; without them those tests skip by name.
#   chromium   test/report.test.ts opens the report in a real browser
#   ffmpeg     test/video.test.ts reads formats other than MJPEG AVI
#   g++-aarch64-linux-gnu, qemu-user   `npm run prebuild` compiles for arm64, `npm run check:package` and
#                                      .ci/run run that in an emulator
#   clang, libclang-rt-14-dev   `npm run fuzz:native` compiles libFuzzer targets
#   clang-format, clang-tidy    `npm run lint` checks native/ (scripts/check/native.mjs)
#   libopencv-video-dev   test/flow-opencv.test.ts compares the flow with OpenCV's own; npm run bench:flow times it
set -euo pipefail
packages=(chromium clang clang-format clang-tidy ffmpeg libclang-rt-14-dev libopencv-video-dev g++-aarch64-linux-gnu qemu-user)
[ $# -eq 0 ] || packages=("$@")
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
sudo=""
[ "$(id -u)" -eq 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
