{
  "targets": [
    {
      "target_name": "mirra",
      "sources": [
        "native/addon.cc",
        "native/bundle.cc",
        "native/engine.cc",
        "native/environment.cc",
        "native/image.cc",
        "native/js.cc",
        "native/library.cc",
        "native/picture.cc",
        "native/run.cc",
        "native/session.cc",
        "native/tensors.cc",
      ],
      "include_dirs": ["native", "<!(node scripts/library.cjs include)"],
      "defines": ["NAPI_VERSION=8", "MIRRA_BUILT_LIBDIR=\"<!(node scripts/library.cjs lib)\""],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17"],
      "libraries": ["-ldl"],
    },
  ],
}
