// For tests of the C interface: owners of its handles, engines over the fake runtime, small bundles.
#pragma once

#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/mirra.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::test {

using Engine = api::Handle<mirra_engine, mirra_engine_destroy>;
using Bundle = api::Handle<mirra_bundle, mirra_bundle_destroy>;
using Session = api::Handle<mirra_session, mirra_session_destroy>;
using Picture = api::Handle<mirra_picture, mirra_picture_destroy>;
using Tensors = api::Handle<mirra_tensors, mirra_tensors_destroy>;
using Cancel = api::Handle<mirra_cancel, mirra_cancel_destroy>;
using Result = api::Handle<mirra_result, mirra_result_destroy>;
using Job = api::Handle<mirra_job, mirra_job_destroy>;
using Failure = api::Handle<mirra_error, mirra_error_destroy>;

inline std::string message(const Failure &failure) {
    return std::string(mirra_error_message(failure.get())) + " | " + mirra_error_subject(failure.get()) +
           " | " + mirra_error_hint(failure.get());
}

#define EXPECT_STATUS(expected, call)                                                                        \
    do {                                                                                                     \
        Failure failure_;                                                                                    \
        mirra_error **error = failure_.out();                                                                \
        const mirra_status status_ = (call);                                                                 \
        EXPECT_STREQ(mirra_status_name(expected), mirra_status_name(status_)) << message(failure_);          \
        EXPECT_EQ(status_, mirra_error_code(failure_.get()));                                                \
    } while (false)
#define EXPECT_OK(call) EXPECT_STATUS(MIRRA_OK, call)

/// What the environment's MIRRA_TEST_ISOLATION asks for: the same tests with the sessions in a process of
/// their own.
inline mirra_engine_flags isolation() {
    return std::getenv("MIRRA_TEST_ISOLATION") == nullptr ? 0U : mirra_engine_flags{MIRRA_ISOLATION_PROCESS};
}

/// @param plugins  folder or file; the shipped plugins by default   @param runtime  the fake one by default
inline Engine make_engine(const char *plugins = MIRRA_TEST_PLUGINS,
                          const char *runtime = MIRRA_TEST_RUNTIME) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY | isolation();
    options.plugin_path = plugins;
    options.runtime_module = runtime;
    Engine engine;
    Failure failure;
    EXPECT_EQ(MIRRA_OK, mirra_engine_create(&options, engine.out(), failure.out())) << message(failure);
    return engine;
}

inline std::string temporary(const std::string &name) {
    const auto *test = ::testing::UnitTest::GetInstance()->current_test_info();
    const auto folder =
        std::filesystem::path(::testing::TempDir()) / "mirra_capi" / test->test_suite_name() / test->name();
    std::filesystem::create_directories(folder);
    return (folder / name).string();
}

struct BundleKind {
    bool noise_level = true; ///< whether the network takes one
    bool blur = false;       ///< 5 x 5 mean instead of the pixel itself
    std::string task = "denoise";
    std::string defaults = "{}";
    std::map<std::string, double> precision_loss = {};
};

/// A "denoiser" whose output is image + noise level (or, with blur, the mean around + noise level).
inline std::string write_bundle_file(const BundleKind &kind) {
    constexpr std::int64_t kKernel = 5;
    const std::int64_t channels = kind.noise_level ? 4 : 3;
    graph::Builder builder("denoiser");
    std::string x = builder.input("image", 3);
    if (kind.noise_level) x = builder.concat({x, builder.input("noise_level", 1)}, "joined");
    builder.output("image", builder.conv2d(x, {channels, 3, kKernel, 1, kKernel / 2}, "conv"));
    bundle::WeightTensor weight{{3, channels, kKernel, kKernel}, {}};
    const std::int64_t area = kKernel * kKernel;
    for (std::int64_t i = 0; i < 3 * channels * area; ++i) {
        const std::int64_t out = i / (channels * area), in = i / area % channels;
        const bool centre = i % area == area / 2;
        const float own = kind.blur ? 1.0F / static_cast<float>(area) : (centre ? 1.0F : 0.0F);
        weight.values.push_back(in == 3 ? (centre ? 1.0F : 0.0F) : in == out ? own : 0.0F);
    }
    bundle::Manifest manifest;
    manifest.task = kind.task;
    manifest.name = "test";
    manifest.licence = "MIT";
    manifest.defaults = kind.defaults;
    manifest.precision_loss = kind.precision_loss;
    manifest.graphs["denoiser"] = builder.finish();
    const std::string path = temporary("test.mirra");
    bundle::write_bundle(path, manifest, {{"conv.weight", weight}}, bundle::DType::f32);
    return path;
}

inline Bundle make_bundle(const BundleKind &kind = {}) {
    Bundle bundle;
    Failure failure;
    EXPECT_EQ(MIRRA_OK, mirra_bundle_open(write_bundle_file(kind).c_str(), bundle.out(), failure.out()))
        << message(failure);
    return bundle;
}

inline mirra_session_options session_options(const char *task, const Bundle &bundle, std::int32_t tile_size,
                                             std::uint64_t memory_limit = 0,
                                             std::int32_t precision = MIRRA_PRECISION_AUTO) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    options.bundle = bundle.get();
    options.tile_size = tile_size;
    options.memory_limit = memory_limit;
    options.precision = precision;
    return options;
}

inline Session make_session(const Engine &engine, const Bundle &bundle, std::int32_t tile_size = 0,
                            const char *task = "denoise") {
    const mirra_session_options options = session_options(task, bundle, tile_size);
    Session session;
    Failure failure;
    EXPECT_EQ(MIRRA_OK, mirra_session_create(engine.get(), &options, session.out(), failure.out()))
        << message(failure);
    return session;
}

/// Pixels with a descriptor: interleaved, packed.
template<class Sample> struct Pixels {
    Pixels(std::int32_t width, std::int32_t height, std::int32_t color, std::int32_t format)
        : samples(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                  static_cast<std::size_t>(color)) {
        image.struct_size = sizeof(image);
        image.width = width;
        image.height = height;
        image.color = color;
        image.format = format;
        image.flags = MIRRA_IMAGE_PACKED;
        image.plane_count = 1;
        image.planes[0].data = samples.data();
    }
    Pixels(const Pixels &) = delete;
    Pixels &operator=(const Pixels &) = delete;

    std::vector<Sample> samples;
    mirra_image image{};
};

/// What a picture says of its pixels.
inline mirra_image view_of(const Picture &picture) {
    MIRRA_STRUCT(mirra_image, view);
    EXPECT_OK(mirra_picture_view(picture.get(), &view, error));
    return view;
}

inline mirra_port_value port(const char *name, const mirra_image &image) {
    MIRRA_STRUCT(mirra_port_value, value);
    value.name = name;
    value.image = &image;
    return value;
}

/// A run of a task with the ports "image" and "output".
inline mirra_status run(const Session &session, const mirra_image &in, const mirra_image &out,
                        mirra_error **error, const mirra_run_options *options = nullptr,
                        mirra_result **result = nullptr) {
    const mirra_port_value ports[] = {port("image", in), port("output", out)};
    return mirra_session_run(session.get(), ports, 2, options, result, error);
}

/// Sets an environment variable for the time of a test.
class Environment {
  public:
    Environment(const char *name, const char *value) : name_(name) { setenv(name, value, 1); }
    Environment(const Environment &) = delete;
    Environment &operator=(const Environment &) = delete;
    ~Environment() { unsetenv(name_); }

  private:
    const char *name_;
};

} // namespace mirra::test
