// Default bundles: read once an engine, anew when the file changes, within bounds.
#include "bundle_cache.hpp"
#include "local_engine.hpp"

#include "mirra/error.hpp"
#include "mirra/host.hpp"

#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

namespace mirra::host {
namespace {

namespace fs = std::filesystem;
using BundlePtr = std::shared_ptr<const bundle::Bundle>;

/// A bundle of that name whose one weight has so many outputs; put in the place of what was there.
std::string write(const std::string &name, std::int64_t outputs = 1, float value = 1) {
    graph::Builder builder("denoiser");
    builder.output("image", builder.conv2d(builder.input("image", 3), {3, outputs, 1, 1, 0}, "conv"));
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = name;
    manifest.graphs["denoiser"] = builder.finish();
    const auto count = static_cast<std::size_t>(3 * outputs);
    const bundle::WeightTensor weight{{outputs, 3, 1, 1}, std::vector<float>(count, value)};
    const std::string path = test::temporary(name + ".mirra");
    bundle::write_bundle(path, manifest, {{"conv.weight", weight}}, bundle::DType::f32);
    return path;
}

/// Opens it until it is kept: a file that was changed a moment ago is not believed to stay.
BundlePtr settle(BundleCache &cache, const std::string &path) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    BundlePtr last = cache.open(path);
    while (std::chrono::steady_clock::now() < until) {
        const BundlePtr next = cache.open(path);
        if (next == last) return next;
        last = next;
        std::this_thread::yield();
    }
    ADD_FAILURE() << path << " is never kept";
    return last;
}

float first_weight(const BundlePtr &bundle) {
    return bundle->weight("conv.weight").front();
}

template<class Body> std::optional<ErrorCode> failure_of(const Body &body) {
    try {
        body();
    } catch (const Error &error) {
        return error.code();
    }
    return std::nullopt;
}

TEST(BundleCache, AFileIsReadOnce) {
    BundleCache cache;
    const std::string path = write("once");
    std::weak_ptr<const bundle::Bundle> first = settle(cache, path);
    const auto reads = cache.reads();
    EXPECT_EQ(first.lock(), cache.open(path)) << "kept, although nothing holds it";
    EXPECT_EQ(reads, cache.reads());
    EXPECT_EQ(bundle_bytes(*first.lock()), cache.kept_bytes());
    EXPECT_NE(first.lock(), cache.open(fs::path(path).parent_path() / "." / "once.mirra"))
        << "another path may be another file the next time";
}

TEST(BundleCache, AFileThatWasReplacedIsReadAnew) {
    BundleCache cache;
    const std::string path = write("replaced", 1, 1);
    const BundlePtr before = settle(cache, path);
    write("replaced", 1, 2);
    EXPECT_EQ(2, first_weight(cache.open(path)));
    EXPECT_EQ(2, first_weight(settle(cache, path)));
    EXPECT_EQ(1, first_weight(before)) << "what a session holds stays";
}

TEST(BundleCache, AFileThatWasWrittenOverInPlaceIsReadAnew) {
    BundleCache cache;
    const std::string path = write("over", 1, 1), other = write("other", 1, 2);
    const BundlePtr before = settle(cache, path);
    const std::string same_length = test::temporary("over.mirra");
    for (int i = 0; i < 3; ++i) {
        const std::string &from = i % 2 == 0 ? other : write("third", 1, 3);
        std::ifstream source(from, std::ios::binary);
        std::ofstream(same_length, std::ios::binary | std::ios::trunc) << source.rdbuf();
        EXPECT_EQ(i % 2 == 0 ? 2 : 3, first_weight(cache.open(path))) << "right after the change";
    }
    EXPECT_EQ(1, first_weight(before));
}

TEST(BundleCache, AFileThatIsGoneIsNotFound) {
    BundleCache cache;
    const std::string path = write("gone");
    const BundlePtr held = settle(cache, path);
    fs::remove(path);
    EXPECT_EQ(ErrorCode::not_found, failure_of([&] { cache.open(path); }));
    EXPECT_EQ(1, first_weight(held));
    std::ofstream(path) << "no bundle";
    EXPECT_EQ(failure_of([&] { bundle::Bundle::open(path); }), failure_of([&] { cache.open(path); }));
    write("gone", 1, 4);
    EXPECT_EQ(4, first_weight(cache.open(path)));
}

TEST(BundleCache, FewAreKept) {
    BundleCache cache;
    std::vector<std::weak_ptr<const bundle::Bundle>> seen;
    for (int i = 0; i < 6; ++i) seen.emplace_back(settle(cache, write("kept" + std::to_string(i))));
    const auto alive = [](const auto &each) { return !each.expired(); };
    EXPECT_EQ(4, std::ranges::count_if(seen, alive));
    EXPECT_TRUE(seen.front().expired()) << "the oldest goes first";
    EXPECT_FALSE(seen.back().expired());
    cache.release_unused();
    EXPECT_EQ(0, std::ranges::count_if(seen, alive));
    EXPECT_EQ(0U, cache.kept_bytes());
}

TEST(BundleCache, LargeOnesAreSharedButNotKept) {
    BundleCache cache(100);
    const std::string path = write("large", 9); // 27 floats
    BundlePtr held = settle(cache, path);
    EXPECT_EQ(held, cache.open(path)) << "as long as a session holds it";
    EXPECT_EQ(0U, cache.kept_bytes());
    std::weak_ptr<const bundle::Bundle> seen = held;
    held.reset();
    EXPECT_TRUE(seen.expired());
}

TEST(BundleCache, ManyThreadsMayAsk) {
    BundleCache cache;
    const std::string path = write("threads", 1, 1);
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            while (!stop) EXPECT_GE(first_weight(cache.open(path)), 1);
        });
    for (int i = 2; i < 30; ++i) {
        write("threads", 1, static_cast<float>(i));
        EXPECT_EQ(static_cast<float>(i), first_weight(cache.open(path)));
        if (i % 3 == 0) cache.release_unused();
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
}

/// An engine over the fake runtime that finds the default bundle of the denoiser.
class DefaultBundle : public testing::Test {
  protected:
    DefaultBundle() {
        write("denoiser", 3);
        EngineOptions options;
        options.plugin_path = MIRRA_TEST_PLUGINS;
        options.plugin_path_only = true;
        options.runtime_module = MIRRA_TEST_RUNTIME;
        options.bundle_path = fs::path(test::temporary("denoiser.mirra")).parent_path();
        engine_ = std::make_shared<LocalEngine>(std::move(options));
    }
    std::shared_ptr<Session> session(std::uint64_t memory_limit = 0) const {
        SessionOptions options;
        options.task = "denoise";
        options.memory_limit = memory_limit;
        return Session::create(engine_, options);
    }
    static std::shared_ptr<const RunResult> run(Session &session) {
        std::vector<float> pixels(16 * 16 * 3, 0.5F);
        const auto view = image::interleaved_view(reinterpret_cast<std::byte *>(pixels.data()), 16, 16, 3,
                                                  image::SampleType::f32);
        RunRequest request;
        request.images = {{"image", view}, {"output", view}};
        return session.run(request);
    }
    std::shared_ptr<LocalEngine> engine_;
};

TEST_F(DefaultBundle, IsReadOnceForAllSessions) {
    settle(engine_->bundles(), test::temporary("denoiser.mirra"));
    const auto reads = engine_->bundles().reads();
    const auto first = session();
    session();
    session();
    EXPECT_EQ(reads, engine_->bundles().reads());
}

TEST_F(DefaultBundle, IsNotKeptUnderAMemoryLimit) {
    settle(engine_->bundles(), test::temporary("denoiser.mirra"));
    EXPECT_GT(engine_->bundles().kept_bytes(), 0U);
    const auto limited = session(std::uint64_t{1} << 30);
    EXPECT_EQ(0U, engine_->bundles().kept_bytes()) << "what the session holds is counted as its own";
    settle(engine_->bundles(), write("between"));
    EXPECT_GT(engine_->bundles().kept_bytes(), 0U);
    run(*limited);
    EXPECT_EQ(0U, engine_->bundles().kept_bytes()) << "nor what came between its creation and its run";
}

TEST_F(DefaultBundle, MayBeRemovedWhileASessionUsesIt) {
    const auto used = session();
    fs::remove(test::temporary("denoiser.mirra"));
    EXPECT_EQ(1U, run(*used)->tile_count);
}

} // namespace
} // namespace mirra::host
