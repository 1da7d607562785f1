// mirra.hpp: each class once, exceptions of each callback, objects that hold nothing.
#include "capi_test_support.hpp"

#include "mirra/mirra.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <numeric>
#include <stdexcept>

namespace mirra::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// What a callback of the tests throws: nothing that the header knows.
struct Odd : std::runtime_error {
    using std::runtime_error::runtime_error;
};

api::EngineOptions engine_options() {
    api::EngineOptions options;
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = MIRRA_TEST_PLUGINS;
    options.runtime_module = MIRRA_TEST_RUNTIME;
    return options;
}

/// A session of "denoise" whose output is image + sigma.
struct Denoising {
    explicit Denoising(std::int32_t tile_size = 0) {
        api::SessionOptions options;
        options.task = "denoise";
        options.bundle = &bundle;
        options.tile_size = tile_size;
        session = engine.session(options);
        session.set("sigma", 51.0);
    }
    api::Engine engine = api::Engine::create(engine_options());
    api::Bundle bundle = api::Bundle::open(write_bundle_file({}));
    api::Session session;
};

void run_once(api::Session &session) {
    std::vector<float> samples(12);
    const api::Image image = api::image(samples, 2, 2, MIRRA_COLOR_RGB);
    session.run({api::in("image", image), api::out("output", image)});
}

template<class Call> mirra_status status_of(const Call &call) {
    try {
        call();
    } catch (const api::Error &error) {
        return error.code();
    }
    return MIRRA_OK;
}

TEST(CapiCpp, ErrorsSayWhatAndWhatAbout) {
    try {
        static_cast<void>(api::Picture::read("/nowhere/at/all.png"));
        ADD_FAILURE() << "there is no such file";
    } catch (const api::Error &error) {
        EXPECT_EQ(MIRRA_E_NOT_FOUND, error.code());
        EXPECT_EQ(error.message(), error.what());
        EXPECT_THAT(error.message() + error.subject(), HasSubstr("/nowhere/at/all.png"));
    }
}

TEST(CapiCpp, AnEngineListsWhatThereIs) {
    const api::Engine engine = api::Engine::create(engine_options());
    std::vector<std::string> names;
    for (const mirra_task_info &task : engine.tasks()) names.emplace_back(task.name);
    EXPECT_THAT(names, Contains("denoise"));
    EXPECT_EQ(engine.task("denoise").port_count, engine.ports("denoise").size());
    EXPECT_EQ(engine.task("denoise").param_count, engine.params("denoise").size());
    EXPECT_EQ(MIRRA_E_NOT_FOUND, status_of([&] { static_cast<void>(engine.ports("no-such-task")); }));
    EXPECT_FALSE(engine.plugins().empty());
    for (const mirra_bundle_record &record : engine.bundles()) EXPECT_STRNE("", record.path);
    EXPECT_STREQ("cpu", engine.devices().front().id);
    EXPECT_EQ(1, engine.runtime().usable);
    EXPECT_THAT(engine.schema_json(), HasSubstr("\"denoise\""));
    EXPECT_EQ(write_bundle_file({}), engine.find_bundle(write_bundle_file({})));
    EXPECT_EQ(MIRRA_E_NOT_FOUND, status_of([&] { static_cast<void>(engine.find_bundle("./a.mirra")); }));
}

TEST(CapiCpp, ASessionRunsOnPixelsOfTheCallers) {
    Denoising denoising;
    std::array<std::uint8_t, 12> before{};
    std::vector<float> after(12);
    const std::array<std::uint8_t, 12> &constant = before;
    const api::Result result =
        denoising.session.run({api::in("image", api::image(constant, 2, 2, MIRRA_COLOR_RGB)),
                               api::out("output", api::image(after, 2, 2, MIRRA_COLOR_RGB))});
    EXPECT_NEAR(0.2F, after.front(), 1e-6);
    EXPECT_EQ(1U, result.info().tile_count);
    EXPECT_EQ(0U, result.tensors().names().size());
    static_assert(std::is_same_v<decltype(api::image(constant, 2, 2, 3)), api::ConstImage>);
}

TEST(CapiCpp, ResultsAndParametersHaveTypes) {
    Denoising denoising;
    denoising.session.set_text("sigma", "auto");
    EXPECT_EQ(MIRRA_TYPE_ENUM, denoising.session.value("sigma").type());
    EXPECT_EQ("auto", denoising.session.value("sigma").as<std::string>());
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT,
              status_of([&] { static_cast<void>(denoising.session.value("sigma").as<double>()); }));
    denoising.session.set("sigma", 12);
    EXPECT_EQ(12.0, denoising.session.value("sigma").as<double>());
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([&] { denoising.session.set("sigma", -1.0); }));
    denoising.session.set("sigma", "auto");
    api::Picture picture = api::Picture::create(64, 64, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    picture.view().add_noise(10, 1);
    EXPECT_GT(picture.view().estimate_noise(), 0);
    const api::Result result =
        denoising.session.run({api::in("image", picture), api::out("output", picture)});
    EXPECT_GT(result.value("sigma_estimated").as<double>(), 0);
    EXPECT_EQ(result.info().value_count, result.values().size());
    EXPECT_EQ("sigma_estimated", result.values().front().first);
    EXPECT_EQ(MIRRA_E_NOT_FOUND, status_of([&] { static_cast<void>(result.value("nothing")); }));
    EXPECT_TRUE(api::Value(true).as<bool>());
    EXPECT_EQ(MIRRA_TYPE_INT, api::Value(7).type());
    EXPECT_EQ(1U, denoising.session.plan(8, 8).tile_count);
}

TEST(CapiCpp, SamplesThatAreNoImageAreRefused) {
    std::vector<std::uint16_t> samples(12);
    for (const auto &[width, height, color] :
         {std::array{2, 2, 4}, std::array{2, 3, 3}, std::array{0, 2, 3}, std::array{-2, -2, 3},
          std::array{2, 2, 0}, std::array{3, 3, 1}})
        EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([&, w = width, h = height, c = color] {
                      static_cast<void>(api::image(samples, w, h, c));
                  }))
            << width << " " << height << " " << color;
    EXPECT_EQ(24U, api::image(samples, 2, 2, MIRRA_COLOR_RGB).extent().size());
    const std::uint16_t *last_row = &samples[6];
    const api::ConstImage upside_down = api::image(last_row, 1, 2, MIRRA_COLOR_RGB, -12);
    EXPECT_EQ(reinterpret_cast<const std::byte *>(samples.data()), upside_down.extent().data());
    EXPECT_EQ(18U, upside_down.extent().size());
}

TEST(CapiCpp, PicturesAreWrittenAndRead) {
    api::Picture picture = api::Picture::create(3, 2, MIRRA_FORMAT_U16, MIRRA_COLOR_GRAY);
    static_cast<std::uint16_t *>(picture.view().get().planes[0].data)[0] = 777;
    picture.write(temporary("a.png"));
    const api::Picture read = api::Picture::read(temporary("a.png"));
    EXPECT_EQ(16, read.info().bit_depth);
    EXPECT_EQ(80, api::compare(picture.view(), read.view()).psnr);
    EXPECT_TRUE(read.same_color(picture));
    EXPECT_TRUE(read.metadata(MIRRA_METADATA_EXIF).empty());
    EXPECT_TRUE(read.notes().empty());
    EXPECT_EQ(MIRRA_E_LIMIT, status_of([] { static_cast<void>(api::Picture::read(temporary("a.png"), 1)); }));
    api::WriteOptions options;
    options.format = "png";
    const api::Memory bytes = read.write_memory(options);
    const api::Picture again = api::Picture::read_memory(bytes.data(), bytes.size());
    EXPECT_EQ(80, api::compare(again.view(), read.view()).psnr);
    EXPECT_NE(MIRRA_OK, status_of([] { api::check_write("/nowhere/at/all.png"); }));
    EXPECT_NE(MIRRA_OK, status_of([&] { picture.write(temporary("a.bmp")); }));
}

TEST(CapiCpp, AWrappedPicturesPixelsAreReleasedOnce) {
    std::vector<std::uint8_t> samples(12, 9);
    int released = 0;
    {
        const api::Picture picture = api::Picture::wrap(api::image(samples, 2, 2, MIRRA_COLOR_RGB), [&] {
            ++released;
            throw Odd("dropped");
        });
        EXPECT_EQ(samples.data(), picture.view().get().planes[0].data);
        EXPECT_EQ(0, released);
    }
    EXPECT_EQ(1, released);
    mirra_image bad{};
    EXPECT_NE(MIRRA_OK, status_of([&] {
                  static_cast<void>(api::Picture::wrap(api::Image(bad), [&] { ++released; }));
              }));
    EXPECT_EQ(1, released);
}

TEST(CapiCpp, TensorsGoInAndOut) {
    api::Tensors tensors = api::Tensors::create();
    std::vector<float> values(6);
    std::iota(values.begin(), values.end(), 1.0F);
    tensors.add("a", values, {1, 2, 3});
    for (const std::vector<std::int64_t> &shape :
         std::vector<std::vector<std::int64_t>>{{2, 2}, {-1, -6}, {INT64_MAX, INT64_MAX}, {}})
        EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([&] { tensors.add("b", values, shape); }));
    tensors.write(temporary("t.safetensors"));
    const api::Tensors read = api::Tensors::read(temporary("t.safetensors"));
    EXPECT_THAT(read.names(), ElementsAre("a"));
    api::Tensor tensor = read.at("a");
    const api::Memory bytes = tensors.write_memory();
    EXPECT_THAT(api::Tensors::read_memory(bytes.data(), bytes.size()).names(), ElementsAre("a"));
    EXPECT_EQ(values, std::vector<float>(tensor.values().begin(), tensor.values().end()));
    EXPECT_EQ(3U, tensor.shape().size());
    tensors.add("c", *tensor.get());
    EXPECT_EQ(6, static_cast<const float *>(tensors.copy("c")->dl_tensor.data)[5]);
    const api::Tensor moved = std::move(tensor);
    EXPECT_TRUE(moved);
    EXPECT_FALSE(tensor); // NOLINT: a moved-from one is empty
    EXPECT_TRUE(tensor.values().empty());
}

TEST(CapiCpp, BundlesAndGraphs) {
    const api::Engine engine = api::Engine::create(engine_options());
    const api::Bundle bundle = api::Bundle::open(write_bundle_file({}));
    EXPECT_STREQ("denoise", bundle.info().task);
    EXPECT_THAT(bundle.manifest_json(), HasSubstr("denoise"));
    ASSERT_EQ(1U, bundle.graphs().size());
    EXPECT_STREQ("denoiser", bundle.graphs().front().name);
    api::Tensors inputs = api::Tensors::create();
    inputs.add("image", std::vector<float>(12), {1, 3, 2, 2});
    inputs.add("noise_level", std::vector<float>(4, 0.25F), {1, 1, 2, 2});
    const api::Tensors outputs = engine.run_graph(bundle, "denoiser", inputs);
    EXPECT_EQ(0.25F, outputs.at("image").values()[11]);
    std::ifstream file(write_bundle_file({}), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_STREQ("denoise", api::Bundle::open_memory(bytes.data(), bytes.size()).info().task);
}

TEST(CapiCpp, ACallbackOfARunStopsItOrThrowsOutOfIt) {
    Denoising denoising(16);
    std::vector<std::uint8_t> samples(std::size_t{3} * 64 * 64);
    const api::Image image = api::image(samples, 64, 64, MIRRA_COLOR_RGB);
    const auto run = [&](const api::RunOptions &options) {
        denoising.session.run({api::in("image", image), api::out("output", image)}, options);
    };
    api::RunOptions options;
    int calls = 0;
    options.progress = [&](const mirra_progress &) { return ++calls > 0; };
    run(options);
    EXPECT_GT(calls, 4);
    options.progress = [](const mirra_progress &) { return false; };
    EXPECT_EQ(MIRRA_E_CANCELLED, status_of([&] { run(options); }));
    options.progress = [](const mirra_progress &) -> bool { throw Odd("progress"); };
    EXPECT_THROW(run(options), Odd);
    options.progress = nullptr;
    const api::Cancel cancel = api::Cancel::create();
    options.cancel = &cancel;
    run(options);
    cancel.request();
    EXPECT_TRUE(cancel.requested());
    EXPECT_EQ(MIRRA_E_CANCELLED, status_of([&] { run(options); }));
}

TEST(CapiCpp, AJobGivesItsResultOrWhatItsCallbackThrew) {
    Denoising denoising(16);
    std::vector<std::uint8_t> samples(std::size_t{3} * 64 * 64);
    const api::Image image = api::image(samples, 64, 64, MIRRA_COLOR_RGB);
    const std::vector<api::Port> ports{api::in("image", image), api::out("output", image)};
    std::atomic<int> ended{0};
    api::RunOptions options;
    options.done = [&](mirra_status status) { ended = status == MIRRA_OK ? 1 : -1; };
    {
        const api::Job job = denoising.session.submit(ports, options);
        EXPECT_LT(4U, job.wait().info().tile_count);
        EXPECT_TRUE(job.wait_for(0));
        EXPECT_EQ(MIRRA_JOB_DONE, job.poll().state);
    }
    EXPECT_EQ(1, ended);
    options.progress = [](const mirra_progress &) -> bool { throw Odd("progress"); };
    {
        const api::Job job = denoising.session.submit(ports, options);
        EXPECT_THROW(static_cast<void>(job.wait()), Odd);
        EXPECT_THROW(static_cast<void>(job.wait()), Odd) << "each time";
    }
    EXPECT_EQ(-1, ended);
    options.progress = [](const mirra_progress &) { return true; };
    const Environment delay("MIRRA_FAKE_DELAY_MS", "30");
    api::Job job = denoising.session.submit(ports, options);
    EXPECT_FALSE(job.wait_for(0));
    EXPECT_EQ(MIRRA_E_BUSY, status_of([&] { static_cast<void>(denoising.session.submit(ports, options)); }));
    job.cancel();
    EXPECT_EQ(MIRRA_E_CANCELLED, status_of([&] { static_cast<void>(job.wait()); }));
    api::Job moved = std::move(job);
    moved = denoising.session.submit(ports); // destroys the first
    moved.reset();
}

TEST(CapiCpp, ASessionIsAskedResetAndCopied) {
    Denoising denoising;
    EXPECT_STREQ("denoise", denoising.session.info().task);
    std::vector<std::string> names;
    for (const mirra_param_info &param : denoising.session.params()) names.emplace_back(param.name);
    EXPECT_EQ(denoising.engine.params("denoise").size(), names.size());
    EXPECT_THAT(names, Contains("sigma"));
    denoising.session.set_json(R"({"sigma": 7.5, "strength": 0.5})");
    EXPECT_THAT(denoising.session.json(), HasSubstr("7.5"));
    const api::Session clone = denoising.session.clone();
    EXPECT_EQ(7.5, clone.value("sigma").as<double>());
    denoising.session.reset_param("sigma");
    EXPECT_EQ("auto", denoising.session.value("sigma").as<std::string>());
    EXPECT_EQ(0.5, denoising.session.value("strength").as<double>());
    denoising.session.reset_params();
    EXPECT_EQ(1.0, denoising.session.value("strength").as<double>());
    EXPECT_EQ(MIRRA_E_NOT_FOUND, status_of([&] { denoising.session.reset_param("nothing"); }));
    const auto needed = [&] { return denoising.session.required(256, 256, api::make_rect(0, 0, 4, 4)); };
    EXPECT_EQ(256, needed().width); // noise is measured in the whole image
    denoising.session.set("sigma", 10.0);
    EXPECT_GE(needed().width, 4);
    EXPECT_LT(needed().width, 256);
    denoising.engine.shutdown(1);
    EXPECT_EQ(MIRRA_E_CANCELLED, status_of([&] { run_once(denoising.session); }));
}

/// Gray levels that are read and written piece by piece.
struct Pieces {
    explicit Pieces(const mirra_image &like) : image(like) {
        for (mirra_plane &plane : image.planes) plane = {};
        image.plane_count = 0;
        image.flags = 0;
    }
    [[nodiscard]] api::Source source() {
        return {image, [this](const mirra_rect &rect, const api::Image &pixels) {
                    if (fail) throw Odd("source");
                    fill(rect, pixels.get(), 51);
                }};
    }
    [[nodiscard]] api::Sink sink() {
        return {image, [this](const mirra_rect &rect, const api::ConstImage &pixels) {
                    if (fail) throw Odd("sink");
                    written += rect.width * rect.height;
                    last = *static_cast<const std::uint8_t *>(pixels.get().planes[0].data);
                }};
    }
    static void fill(const mirra_rect &rect, const mirra_image &pixels, std::uint8_t value) {
        for (std::int64_t y = 0; y < rect.height; ++y)
            for (std::int64_t x = 0; x < rect.width; ++x)
                std::memset(static_cast<std::uint8_t *>(pixels.planes[0].data) +
                                y * pixels.planes[0].row_stride + x * pixels.planes[0].pixel_stride,
                            value, 3);
    }

    mirra_image image;
    bool fail = false;
    std::int64_t written = 0;
    int last = 0;
};

TEST(CapiCpp, SourcesAndSinksTakePiecesAndMayThrow) {
    Denoising denoising(16);
    std::vector<std::uint8_t> samples(std::size_t{3} * 64 * 64);
    const api::Image image = api::image(samples, 64, 64, MIRRA_COLOR_RGB);
    Pieces in(image.get()), out(image.get());
    denoising.session.run({api::in("image", in.source()), api::out("output", out.sink())});
    EXPECT_EQ(64 * 64, out.written);
    EXPECT_EQ(102, out.last) << "sigma is added";
    in.fail = true;
    EXPECT_THROW(denoising.session.run({api::in("image", in.source()), api::out("output", out.sink())}), Odd);
    in.fail = false;
    out.fail = true;
    EXPECT_THROW(denoising.session.run({api::in("image", image), api::out("output", out.sink())}), Odd);
}

TEST(CapiCpp, TilesAreToldAndMayThrow) {
    Denoising denoising(16);
    std::vector<std::uint8_t> samples(std::size_t{3} * 64 * 64), part(std::size_t{3} * 32 * 8);
    const api::Image image = api::image(samples, 64, 64, MIRRA_COLOR_RGB);
    api::RunOptions options;
    std::int64_t pixels = 0;
    options.tile = [&](const mirra_rect &rect, const api::ConstImage &tile) {
        EXPECT_EQ(rect.width, tile.width());
        pixels += rect.width * rect.height;
        return true;
    };
    options.region = api::make_rect(8, 8, 32, 8);
    denoising.session.run(
        {api::in("image", image), api::out("output", api::image(part, 32, 8, MIRRA_COLOR_RGB))}, options);
    EXPECT_EQ(32 * 8, pixels);
    EXPECT_EQ(51, part.front());
    options.region.reset();
    options.tile = [](const mirra_rect &, const api::ConstImage &) -> bool { throw Odd("tile"); };
    EXPECT_THROW(denoising.session.run({api::in("image", image), api::out("output", image)}, options), Odd);
    options.tile = [](const mirra_rect &, const api::ConstImage &) { return false; };
    EXPECT_EQ(MIRRA_E_CANCELLED, status_of([&] {
                  denoising.session.run({api::in("image", image), api::out("output", image)}, options);
              }));
}

TEST(CapiCpp, WhatALogThrowsComesOutOfTheCall) {
    api::EngineOptions options = engine_options();
    const auto loud = [](mirra_log_level, const std::string &) { throw Odd("log"); };
    options.log = loud;
    EXPECT_THROW(static_cast<void>(api::Engine::create(options)), Odd);
    options.log = [](mirra_log_level, const std::string &) {};
    EXPECT_TRUE(api::Engine::create(options));
    options.loading = [](const std::string &) { throw Odd("loading"); };
    EXPECT_THROW(static_cast<void>(api::Engine::create(options)), Odd);
}

TEST(CapiCpp, ObjectsThatHoldNothingThrow) {
    Denoising denoising;
    api::Session other = std::move(denoising.session);
    EXPECT_FALSE(denoising.session); // NOLINT: moved-from ones hold nothing
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([&] { denoising.session.set("sigma", 1.0); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([&] { denoising.session.run({}); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([&] { static_cast<void>(denoising.session.submit({})); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([] { static_cast<void>(api::Job().wait()); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([] { static_cast<void>(api::Result().info()); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([] { static_cast<void>(api::Picture().view()); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([] { static_cast<void>(api::Tensors().at("a")); }));
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, status_of([] { static_cast<void>(api::Bundle().graphs()); }));
    EXPECT_FALSE(api::Cancel().requested());
    EXPECT_TRUE(api::Engine().tasks().empty());
    other.set("sigma", 1.0);
    denoising.session = std::move(other);
    denoising.session.set("sigma", 1.0);
    mirra_session *raw = denoising.session.release();
    EXPECT_FALSE(denoising.session);
    denoising.session.reset(raw);
    EXPECT_EQ(1.0, denoising.session.value("sigma").as<double>());
}

TEST(CapiCpp, FilesAndTexts) {
    api::write_file(temporary("f"), "abc", 3);
    std::ifstream file(temporary("f"));
    std::string text;
    file >> text;
    EXPECT_EQ("abc", text);
    EXPECT_NE(MIRRA_OK, status_of([] { api::check_write_file("/nowhere/at/all"); }));
    EXPECT_EQ("a\\n", api::printable("a\n"));
}

} // namespace
} // namespace mirra::test
