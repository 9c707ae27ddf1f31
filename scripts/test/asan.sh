#!/usr/bin/env bash
# `npm run test:asan`: the tests that work the addon hardest, on an addon under AddressSanitizer and UndefinedBehaviorSanitizer
# (gcc's; Node itself is not instrumented, so its leaks are not looked for: that is test/process/soak.test.ts's). Fails where
# a test fails or a byte is touched that may not be.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$PWD/build/asan
# Both are preloaded: the sanitizer must be there before Node, and find the C++ library's throw when it starts.
preload="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)"
run() {
  LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 INFOMOTION_PREBUILD=$folder node "$@"
}
run --input-type=module -e "
  import { readFileSync } from 'node:fs'
  import { devices } from 'infomotion'
  await devices()
  if (!readFileSync('/proc/self/maps', 'utf8').includes('$folder/')) throw new Error('not the addon under AddressSanitizer')"
# flow-stream measures memory, of which the sanitizer keeps what was freed: that one test is left out.
export TAP_TIMEOUT=600 TAP_GREP='/^(?!.*flat memory)/'
for name in graph infomap select flow-stream volume samples; do
  started=$SECONDS
  run "build/test/test/$name.test.js" >"$folder/$name.tap" 2>&1 || { grep -vE '^ *(ok|# |1\.\.)' "$folder/$name.tap" | head -n 100; echo "FAILED: $name"; exit 1; }
  grep -E '^ok ' "$folder/$name.tap" | grep -qv SKIP || { echo "FAILED: $name ran no test"; exit 1; }
  echo "$name: passed under AddressSanitizer ($((SECONDS - started))s)"
done
