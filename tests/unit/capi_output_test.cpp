// What a run gives and reads: outputs of other sizes, several, from nothing; regions, previews, pictures in
// pieces; and what it says meanwhile. Through the plugin "outputs".
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>

#include <pthread.h>

namespace mirra::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Bytes = Pixels<std::uint8_t>;
using Floats = Pixels<float>;

template<class Sample> void fill(Pixels<Sample> &pixels, double most) {
    std::uint32_t state = 1;
    for (auto &sample : pixels.samples) {
        state = state * 1664525U + 1013904223U;
        sample = static_cast<Sample>(most * static_cast<double>(state >> 8U) / 16777216.0);
    }
}

struct Outputs : ::testing::Test {
    Session session(const char *task, std::int32_t tile_size = 16, std::int32_t threads = 0) {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = task;
        options.tile_size = tile_size;
        options.threads = threads;
        Session made;
        EXPECT_OK(mirra_session_create(engine.get(), &options, made.out(), error));
        return made;
    }
    Engine engine = make_engine(MIRRA_TEST_ZOO "/outputs.so");
};

mirra_rect rect(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height) {
    return {sizeof(mirra_rect), 0, x, y, width, height};
}

mirra_plan plan_of(const Session &session, std::int32_t width, std::int32_t height) {
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(session.get(), width, height, &plan, error));
    return plan;
}

TEST_F(Outputs, AreAsLargeAsTheTaskSays) {
    const mirra_plan twice = plan_of(session("double"), 37, 23);
    EXPECT_EQ(74, twice.output_width);
    EXPECT_EQ(46, twice.output_height);
    const mirra_plan thirds = plan_of(session("thirds"), 37, 23);
    EXPECT_EQ(25, thirds.output_width); // 24.67 rounded up
    EXPECT_EQ(16, thirds.output_height);
    EXPECT_EQ(0, thirds.tile_width % 3);
    const mirra_plan crop = plan_of(session("crop"), 37, 23);
    EXPECT_EQ(5, crop.output_width);
    EXPECT_EQ(4, crop.output_height);
}

TEST_F(Outputs, OfAnotherSizeAreTheSameInTilesAndWhole) {
    for (const char *task : {"double", "thirds", "crop"}) {
        const Session tiled = session(task), whole = session(task, 1024);
        const mirra_plan plan = plan_of(tiled, 50, 41);
        Floats in(50, 41, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        fill(in, 1);
        const auto width = static_cast<std::int32_t>(plan.output_width),
                   height = static_cast<std::int32_t>(plan.output_height);
        Floats a(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32),
            b(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        EXPECT_OK(run(tiled, in.image, a.image, error));
        EXPECT_OK(run(whole, in.image, b.image, error));
        EXPECT_EQ(b.samples, a.samples) << task;
        EXPECT_NE(0, a.samples.back()) << task;
        EXPECT_STATUS(MIRRA_E_MISMATCH, run(whole, in.image, in.image, error));
    }
}

TEST_F(Outputs, AlphaFollowsTheSize) {
    const Session twice = session("double");
    Bytes in(16, 16, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8), out(32, 32, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8);
    for (std::size_t i = 0; i < in.samples.size(); i += 4) in.samples[i + 3] = (i / 4) % 16 < 8 ? 255 : 0;
    EXPECT_OK(run(twice, in.image, out.image, error));
    EXPECT_EQ(255, out.samples[3]);
    EXPECT_EQ(0, out.samples[31 * 4 + 3]);
}

TEST_F(Outputs, ATaskMayMakeThemFromNothing) {
    const Session ramp = session("ramp");
    Floats out(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    const mirra_port_value value = port("output", out.image);
    EXPECT_OK(mirra_session_run(ramp.get(), &value, 1, nullptr, nullptr, error));
    EXPECT_FLOAT_EQ(0, out.samples[0]);
    EXPECT_FLOAT_EQ(39.0F / 64 + 29.0F / 128, out.samples.back());
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(ramp.get(), nullptr, 0, nullptr, nullptr, error));
}

TEST_F(Outputs, ThereMayBeSeveral) {
    const Session split = session("split");
    Floats in(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32), out(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32),
        second(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    fill(in, 1);
    const mirra_port_value values[] = {port("image", in.image), port("output", out.image),
                                       port("second", second.image)};
    EXPECT_OK(mirra_session_run(split.get(), values, 3, nullptr, nullptr, error));
    for (std::size_t i = 0; i < out.samples.size(); ++i)
        ASSERT_FLOAT_EQ(out.samples[i] / 2, second.samples[i]) << i;
    EXPECT_OK(mirra_session_run(split.get(), values, 2, nullptr, nullptr, error)); // the second is optional
    const mirra_port_value shared[] = {port("image", in.image), port("output", out.image),
                                       port("second", out.image)};
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(split.get(), shared, 3, nullptr, nullptr, error));
}

TEST_F(Outputs, MayLieBeyondOneWhereTheTaskSaysSo) {
    Floats in(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32), out(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    std::fill(in.samples.begin(), in.samples.end(), 4.0F);
    EXPECT_OK(run(session("light"), in.image, out.image, error));
    EXPECT_FLOAT_EQ(11, out.samples[0]);
    std::fill(in.samples.begin(), in.samples.end(), -1.0F);
    EXPECT_OK(run(session("light"), in.image, out.image, error));
    EXPECT_FLOAT_EQ(-4, out.samples[0]);
    EXPECT_OK(run(session("split"), in.image, out.image, error));
    EXPECT_FLOAT_EQ(0, out.samples[0]);
    Pixels<std::uint16_t> halves(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_F16);
    std::fill(in.samples.begin(), in.samples.end(), 4.0F);
    EXPECT_OK(run(session("light"), in.image, halves.image, error));
    EXPECT_EQ(0x4980, halves.samples[0]); // 11 as a half
    in.image.transfer = out.image.transfer = MIRRA_TRANSFER_LINEAR;
    EXPECT_OK(run(session("light"), in.image, out.image, error));
    EXPECT_GT(out.samples[0], 11);
}

TEST_F(Outputs, AlphaGoesThroughTasksThatAskForIt) {
    Bytes in(20, 20, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8), out(20, 20, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8);
    for (std::size_t i = 0; i < in.samples.size(); ++i) in.samples[i] = i % 4 == 3 ? 200 : 51;
    EXPECT_OK(run(session("veil"), in.image, out.image, error));
    EXPECT_EQ(51, out.samples[0]);
    EXPECT_EQ(55, out.samples[3]);
    Bytes opaque(20, 20, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(run(session("veil"), opaque.image, out.image, error));
    EXPECT_EQ(0, out.samples[3]);
}

TEST_F(Outputs, TilesOnSeveralThreadsGiveWhatOneGives) {
    Floats in(300, 200, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32), one(300, 200, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32),
        many(300, 200, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    fill(in, 1);
    EXPECT_OK(run(session("lanes", 16, 1), in.image, one.image, error));
    EXPECT_OK(run(session("lanes", 16, 4), in.image, many.image, error));
    EXPECT_EQ(one.samples, many.samples);
}

TEST_F(Outputs, ARegionIsThatPartOfTheWhole) {
    for (const char *task : {"double", "thirds", "split", "lanes", "crop"}) {
        const Session used = session(task);
        const mirra_plan plan = plan_of(used, 60, 50);
        const auto width = static_cast<std::int32_t>(plan.output_width),
                   height = static_cast<std::int32_t>(plan.output_height);
        Floats in(60, 50, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32),
            whole(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        fill(in, 1);
        EXPECT_OK(run(used, in.image, whole.image, error));
        const mirra_rect wanted = rect(width / 3, height / 4, width / 2, height / 2);
        Floats part(width / 2, height / 2, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        MIRRA_STRUCT(mirra_run_options, options);
        options.region = &wanted;
        EXPECT_OK(run(used, in.image, part.image, error, &options));
        for (std::int64_t y = 0; y < wanted.height; ++y)
            for (std::int64_t x = 0; x < wanted.width * 3; ++x)
                ASSERT_EQ(
                    whole.samples[static_cast<std::size_t>((wanted.y + y) * width * 3 + wanted.x * 3 + x)],
                    part.samples[static_cast<std::size_t>(y * wanted.width * 3 + x)])
                    << task << " " << x << " " << y;
        EXPECT_STATUS(MIRRA_E_MISMATCH, run(used, in.image, whole.image, error, &options));
        const mirra_rect beyond = rect(width - 1, 0, 2, 1);
        options.region = &beyond;
        EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, run(used, in.image, part.image, error, &options));
    }
}

/// A picture that gives its pieces one by one, and takes them.
struct Album {
    Floats pixels;
    std::int64_t left = INT64_MAX, top = INT64_MAX, right = 0, bottom = 0; ///< of all that was read
    std::vector<int> written;
    mirra_status answer = MIRRA_OK;
    mirra_image about{};

    Album(std::int32_t width, std::int32_t height)
        : pixels(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32)
        , written(static_cast<std::size_t>(width * height)) {
        about = pixels.image;
        about.flags = 0;
        about.planes[0] = {};
    }
    float *at(std::int64_t x, std::int64_t y) {
        return &pixels.samples[static_cast<std::size_t>((y * pixels.image.width + x) * 3)];
    }
    static float *sample(const mirra_image *piece, std::int64_t x, std::int64_t y) {
        return reinterpret_cast<float *>(static_cast<std::byte *>(piece->planes[0].data) +
                                         y * piece->planes[0].row_stride + x * piece->planes[0].pixel_stride);
    }
    static mirra_status read(void *user, const mirra_rect *rect, const mirra_image *piece) {
        auto &album = *static_cast<Album *>(user);
        album.left = std::min(album.left, rect->x);
        album.top = std::min(album.top, rect->y);
        album.right = std::max(album.right, rect->x + rect->width);
        album.bottom = std::max(album.bottom, rect->y + rect->height);
        for (std::int64_t y = 0; y < rect->height; ++y)
            for (std::int64_t x = 0; x < rect->width; ++x)
                std::copy_n(album.at(rect->x + x, rect->y + y), 3, sample(piece, x, y));
        return album.answer;
    }
    static mirra_status write(void *user, const mirra_rect *rect, const mirra_image *piece) {
        auto &album = *static_cast<Album *>(user);
        for (std::int64_t y = 0; y < rect->height; ++y)
            for (std::int64_t x = 0; x < rect->width; ++x) {
                std::copy_n(sample(piece, x, y), 3, album.at(rect->x + x, rect->y + y));
                ++album.written[static_cast<std::size_t>((rect->y + y) * album.about.width + rect->x + x)];
            }
        return album.answer;
    }
};

mirra_status run_pieces(const Session &session, Album &from, Album &to, const mirra_run_options *options,
                        mirra_error **error) {
    MIRRA_STRUCT(mirra_source, source);
    source.image = &from.about;
    source.read = Album::read;
    source.user = &from;
    MIRRA_STRUCT(mirra_sink, sink);
    sink.image = &to.about;
    sink.write = Album::write;
    sink.user = &to;
    mirra_port_value values[2] = {};
    for (auto &value : values) value.struct_size = sizeof value;
    values[0].name = "image";
    values[0].source = &source;
    values[1].name = "output";
    values[1].sink = &sink;
    return mirra_session_run(session.get(), values, 2, options, nullptr, error);
}

TEST_F(Outputs, APictureInPiecesGivesWhatTheWholeGives) {
    const Session twice = session("double");
    Album from(50, 40), to(100, 80);
    fill(from.pixels, 1);
    Floats whole(100, 80, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    EXPECT_OK(run(twice, from.pixels.image, whole.image, error));
    EXPECT_OK(run_pieces(twice, from, to, nullptr, error));
    EXPECT_EQ(whole.samples, to.pixels.samples);
    EXPECT_THAT(to.written, ::testing::Each(1));
    from.answer = MIRRA_E_IO;
    EXPECT_STATUS(MIRRA_E_IO, run_pieces(twice, from, to, nullptr, error));
    from.answer = MIRRA_OK;
    to.answer = MIRRA_E_IO;
    Failure failure;
    EXPECT_EQ(MIRRA_E_IO, run_pieces(twice, from, to, nullptr, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("'output' failed with the status 'io' at (0, 0)"));
    to.answer = 3;
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, run_pieces(twice, from, to, nullptr, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("returned 3 at (0, 0), which is no status | output | Return"));
    to.answer = MIRRA_OK;
    from.about.color = MIRRA_COLOR_RGBA;
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, run_pieces(twice, from, to, nullptr, error));
}

TEST_F(Outputs, ARegionReadsWhatIsRequiredAndNoMore) {
    const Session twice = session("double");
    Album from(200, 150), to(40, 30);
    fill(from.pixels, 1);
    const mirra_rect wanted = rect(101, 60, 40, 30);
    mirra_rect required = rect(0, 0, 0, 0);
    EXPECT_OK(mirra_session_required(twice.get(), 200, 150, &wanted, &required, error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.region = &wanted;
    // A sink is told of places in the whole output.
    Album all(400, 300);
    all.about.width = 40;
    all.about.height = 30;
    EXPECT_OK(run_pieces(twice, from, all, &options, error));
    EXPECT_EQ(required.x, from.left);
    EXPECT_EQ(required.y, from.top);
    EXPECT_EQ(required.x + required.width, from.right);
    EXPECT_EQ(required.y + required.height, from.bottom);
    EXPECT_LE(required.x, 50);
    EXPECT_GE(required.x, 46);
    EXPECT_LE(required.width, 26);
}

struct Told {
    std::vector<int> covered = std::vector<int>(40 * 30);
    std::int32_t width = 40;
    int calls = 0, stop_after = 1000;
};

std::int32_t tell(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    auto &told = *static_cast<Told *>(user);
    EXPECT_EQ(rect->width, pixels->width);
    EXPECT_EQ(rect->height, pixels->height);
    for (std::int64_t y = 0; y < rect->height; ++y)
        for (std::int64_t x = 0; x < rect->width; ++x)
            ++told.covered[static_cast<std::size_t>((rect->y + y) * told.width + rect->x + x)];
    return ++told.calls >= told.stop_after ? 1 : 0;
}

TEST_F(Outputs, TilesAreToldOfOnce) {
    for (const char *task : {"split", "lanes"}) {
        const Session used = session(task, 16, 3);
        Floats in(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32), out(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        Told told;
        MIRRA_STRUCT(mirra_run_options, options);
        options.tile = tell;
        options.user = &told;
        EXPECT_OK(run(used, in.image, out.image, error, &options));
        EXPECT_THAT(told.covered, ::testing::Each(1));
        EXPECT_GT(told.calls, 1);
        told = {};
        told.stop_after = 1;
        EXPECT_STATUS(MIRRA_E_CANCELLED, run(used, in.image, out.image, error, &options));
    }
}

/// Ends the thread of each lane but the job's own, as a language does whose interpreter has ended.
struct EndsLanes {
    std::mutex mutex;
    std::thread::id own;
    bool ended = false;
    int after = 0;

    std::int32_t called() {
        std::unique_lock lock(mutex);
        if (own == std::thread::id()) own = std::this_thread::get_id();
        if (ended) ++after;
        if (own != std::this_thread::get_id()) {
            ended = true;
            lock.unlock();
            pthread_exit(nullptr);
        }
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::milliseconds(1)); // the others have tiles left
        return 0;
    }
    static std::int32_t progress(void *user, const mirra_progress *) {
        return static_cast<EndsLanes *>(user)->called();
    }
    static std::int32_t tile(void *user, const mirra_rect *, const mirra_image *) {
        return static_cast<EndsLanes *>(user)->called();
    }
    static void done(void *user, mirra_status) { ++static_cast<EndsLanes *>(user)->after; }
    static void free(void *user) { ++static_cast<EndsLanes *>(user)->after; }
};

TEST_F(Outputs, NoCallbackFollowsOneThatEndsTheThreadOfALane) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "under sanitizers the end of a thread counts as a reference to nothing";
#endif
    // Of sessions in another process the callbacks come from one thread.
    MIRRA_STRUCT(mirra_engine_options, here);
    here.flags = MIRRA_PLUGIN_PATH_ONLY;
    here.plugin_path = MIRRA_TEST_ZOO "/outputs.so";
    here.runtime_module = MIRRA_TEST_RUNTIME;
    EXPECT_OK(mirra_engine_create(&here, engine.out(), error));
    const Session lanes = session("lanes", 16, 4);
    Bytes in(200, 200, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8), out(200, 200, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    for (const bool by_tile : {false, true}) {
        EndsLanes job_ends, run_ends;
        MIRRA_STRUCT(mirra_run_options, options);
        options.progress = EndsLanes::progress;
        if (by_tile) options.tile = EndsLanes::tile;
        options.done = EndsLanes::done;
        options.user_free = EndsLanes::free;
        options.user = &job_ends;
        const mirra_port_value ports[] = {port("image", in.image), port("output", out.image)};
        Job job;
        EXPECT_OK(mirra_session_submit(lanes.get(), ports, 2, &options, job.out(), error));
        EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), -1, nullptr, error));
        job.out(); // destroyed: nothing of it is called any more
        EXPECT_TRUE(job_ends.ended);
        EXPECT_EQ(0, job_ends.after);
        options.user = &run_ends;
        EXPECT_STATUS(MIRRA_E_CANCELLED, run(lanes, in.image, out.image, error, &options));
        EXPECT_TRUE(run_ends.ended);
        EXPECT_EQ(0, run_ends.after);
    }
}

TEST_F(Outputs, APreviewIsTheSmallerPicture) {
    const Session same = session("split");
    Floats in(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32), out(13, 10, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    std::fill(in.samples.begin(), in.samples.end(), 0.25F);
    MIRRA_STRUCT(mirra_run_options, options);
    options.scale = 0.32; // 12.8 x 9.6
    EXPECT_OK(run(same, in.image, out.image, error, &options));
    for (const float sample : out.samples) ASSERT_NEAR(0.25F, sample, 1e-6F);
    EXPECT_STATUS(MIRRA_E_MISMATCH, run(same, in.image, in.image, error, &options));
    for (const double wrong : {-0.5, 1.5, std::nan("")}) {
        options.scale = wrong;
        EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, run(same, in.image, out.image, error, &options));
    }
}

struct Ends {
    std::mutex mutex;
    std::vector<std::string> told;
};

TEST(Runs, EndOnceWhateverComesOfThem) {
    Ends ends;
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = MIRRA_TEST_ZOO "/outputs.so";
    options.runtime_module = MIRRA_TEST_RUNTIME;
    options.log = [](void *user, mirra_log_level, const char *message) {
        auto &all = *static_cast<Ends *>(user);
        const std::lock_guard lock(all.mutex);
        if (std::string_view(message).find("ended") != std::string_view::npos) all.told.emplace_back(message);
    };
    options.log_user = &ends;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    Floats in(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32), out(40, 30, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    const auto go = [&](const char *task, const mirra_run_options *with, mirra_status expected) {
        MIRRA_STRUCT(mirra_session_options, of);
        of.task = task;
        of.tile_size = 16;
        Session used;
        EXPECT_OK(mirra_session_create(engine.get(), &of, used.out(), error));
        EXPECT_STATUS(expected, run(used, in.image, out.image, error, with));
    };
    go("split", nullptr, MIRRA_OK);
    go("fails", nullptr, MIRRA_E_IO);
    MIRRA_STRUCT(mirra_run_options, stopped);
    Told told;
    told.stop_after = 2;
    stopped.tile = tell;
    stopped.user = &told;
    go("split", &stopped, MIRRA_E_CANCELLED);
    ASSERT_EQ(3U, ends.told.size());
    EXPECT_THAT(ends.told, ElementsAre(HasSubstr("ended 0"), HasSubstr("ended 1"), HasSubstr("ended 2")));
}

struct Nodes {
    std::vector<double> fractions;
    std::uint64_t most_steps = 0, step_count = 0;
    Cancel cancel;
};

TEST(Runs, ReportAndStopBetweenTheNodesOfANetwork) {
    const Environment slow("MIRRA_FAKE_NODE_DELAY_MS", "60");
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle(); // two nodes, one tile
    const Session session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "10", error));
    Bytes in(16, 16, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Nodes nodes;
    EXPECT_OK(mirra_cancel_create(nodes.cancel.out(), error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.user = &nodes;
    options.cancel = nodes.cancel.get();
    options.progress = [](void *user, const mirra_progress *progress) -> std::int32_t {
        auto &seen = *static_cast<Nodes *>(user);
        seen.fractions.push_back(progress->fraction);
        seen.most_steps = std::max(seen.most_steps, progress->step);
        seen.step_count = std::max(seen.step_count, progress->step_count);
        return 0;
    };
    EXPECT_OK(run(session, in.image, in.image, error, &options));
    EXPECT_TRUE(std::is_sorted(nodes.fractions.begin(), nodes.fractions.end()));
    EXPECT_EQ(2U, nodes.step_count);
    EXPECT_EQ(1U, nodes.most_steps);
    EXPECT_TRUE(std::any_of(nodes.fractions.begin(), nodes.fractions.end(),
                            [](double fraction) { return fraction > 0 && fraction < 1; }));
    options.progress = [](void *user, const mirra_progress *progress) -> std::int32_t {
        if (progress->step == 1) mirra_cancel_request(static_cast<Nodes *>(user)->cancel.get());
        return 0;
    };
    EXPECT_STATUS(MIRRA_E_CANCELLED, run(session, in.image, in.image, error, &options));
}

} // namespace
} // namespace mirra::test
