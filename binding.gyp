# Builds the addon with node-gyp, for prebuildify and for people who build from source.
# LIBJPEG_TURBO is where scripts/prebuild.mjs has built that library. The one list of sources, defines and flags is native/sources.json, which native/CMakeLists.txt reads too.
{
  "targets": [
    {
      "target_name": "infomotion",
      "sources": ["<!@(node -p \"const s=require('./native/sources.json');[...s.core,...s.video.core,...s.node,...s.video.node].map(f=>'native/'+f).join(' ')\")"],
      "defines": ["<!@(node -p \"require('./native/sources.json').defines.join(' ')\")", "INFOMOTION_JPEG"],
      "include_dirs": ["native/core", "<!(node -p process.env.LIBJPEG_TURBO)/include"],
      "libraries": ["<!(node -p process.env.LIBJPEG_TURBO)/lib/libjpeg.a"],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "cflags": ["<!@(node -p \"const s=require('./native/sources.json');[...s.cflags,...s.hardening].join(' ')\")"],
      "cflags_cc": ["-std=c++17"],
      "ldflags": [
        "-pthread", "-static-libstdc++", "-Wl,--gc-sections", "-Wl,--version-script=<(module_root_dir)/native/node/exports.map",
        "<!@(node -p \"require('./native/sources.json').ldflags.join(' ')\")"
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "OTHER_CFLAGS": ["<!@(node -p \"require('./native/sources.json').cflags.join(' ')\")"]
      }
    }
  ]
}
