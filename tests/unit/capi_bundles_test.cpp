// The list of bundles that an engine finds, and the qualities among them.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

namespace mirra::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

/// A folder of bundles of its own for each test.
class CapiBundles : public ::testing::Test {
  protected:
    CapiBundles() : folder_(temporary("bundles")) {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }

    void put(const std::string &name, const BundleKind &kind = {}, const std::string &in = "") const {
        fs::create_directories(folder_ / in);
        fs::copy_file(write_bundle_file(kind), folder_ / in / name, fs::copy_options::overwrite_existing);
    }
    [[nodiscard]] Engine engine(const std::string &path = "") const {
        const std::string folders = path.empty() ? folder_.string() : path;
        MIRRA_STRUCT(mirra_engine_options, options);
        options.flags = MIRRA_PLUGIN_PATH_ONLY;
        options.plugin_path = MIRRA_TEST_PLUGINS;
        options.runtime_module = MIRRA_TEST_RUNTIME;
        options.bundle_path = folders.c_str();
        Engine engine;
        EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
        return engine;
    }
    /// Those that lie in the test's folder; the library's own come after them.
    [[nodiscard]] std::vector<mirra_bundle_record> records(const Engine &engine) const {
        std::vector<mirra_bundle_record> all;
        for (std::uint32_t i = 0; i < mirra_engine_bundle_count(engine.get()); ++i) {
            MIRRA_STRUCT(mirra_bundle_record, record);
            EXPECT_OK(mirra_engine_bundle(engine.get(), i, &record, error));
            if (std::string(record.path).starts_with(folder_.string())) all.push_back(record);
        }
        return all;
    }

    const fs::path folder_;
};

std::vector<std::string> qualities(const Engine &engine, const char *task) {
    MIRRA_STRUCT(mirra_task_info, info);
    EXPECT_OK(mirra_engine_find_task(engine.get(), task, &info, error));
    return {info.qualities, info.qualities + info.quality_count};
}

Session session_of(const Engine &engine, const char *quality) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    options.quality = quality;
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    return session;
}

std::string bundle_path(const Session &session) {
    MIRRA_STRUCT(mirra_session_info, info);
    EXPECT_OK(mirra_session_get_info(session.get(), &info, error));
    return info.bundle_path;
}

TEST_F(CapiBundles, AreListedByNameWithWhatTheySayOfThemselves) {
    put("denoiser.mirra");
    put("denoiser-fast.mirra");
    put("another.mirra", {.task = "stylize"});
    std::ofstream(folder_ / "notes.txt") << "none";
    const Engine engine = this->engine();
    const auto all = records(engine);
    ASSERT_EQ(3U, all.size());
    EXPECT_EQ((folder_ / "another.mirra").string(), all[0].path);
    EXPECT_STREQ("stylize", all[0].task);
    EXPECT_STREQ("", all[0].quality);
    EXPECT_STREQ("fast", all[1].quality);
    EXPECT_STREQ("balanced", all[2].quality);
    for (const auto &record : all) {
        EXPECT_EQ(1, record.usable) << record.reason;
        EXPECT_STREQ("test", record.name);
        EXPECT_STREQ("", record.reason);
        EXPECT_EQ(fs::file_size(record.path), record.bytes);
    }
    MIRRA_STRUCT(mirra_bundle_record, record);
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_engine_bundle(engine.get(), 100000, &record, error));
}

TEST_F(CapiBundles, TheFirstFolderWithANameHasIt) {
    put("denoiser.mirra", {}, "first");
    put("denoiser.mirra", {}, "second");
    put("other.mirra", {}, "second");
    const Engine engine = this->engine((folder_ / "second").string() + ":" + (folder_ / "first").string());
    const auto all = records(engine);
    ASSERT_EQ(2U, all.size());
    EXPECT_EQ((folder_ / "second" / "denoiser.mirra").string(), all[0].path);
    EXPECT_EQ((folder_ / "second" / "other.mirra").string(), all[1].path);
}

TEST_F(CapiBundles, WhatCannotBeUsedHasItsReason) {
    put("denoiser.mirra");
    std::ofstream(folder_ / "text.mirra") << "this is no bundle at all";
    std::ofstream(folder_ / "empty.mirra").flush();
    std::ofstream(folder_ / "huge.mirra") << std::string("\xff\xff\xff\x00\x00\x00\x00\x00", 8);
    fs::resize_file(folder_ / "huge.mirra", std::uintmax_t{1} << 40); // a hole
    const std::string whole = (folder_ / "denoiser.mirra").string();
    fs::copy_file(whole, folder_ / "truncated.mirra");
    fs::resize_file(folder_ / "truncated.mirra", fs::file_size(whole) - 1);
    fs::create_directories(folder_ / "folder.mirra");
    fs::create_symlink("nowhere", folder_ / "link.mirra");
    const Engine engine = this->engine();
    std::map<std::string, std::string> reasons;
    for (const auto &record : records(engine)) {
        if (record.usable == 0) reasons[fs::path(record.path).filename()] = record.reason;
        EXPECT_EQ(record.usable == 0, *record.reason != '\0') << record.path;
    }
    EXPECT_EQ(4U, reasons.size());
    EXPECT_THAT(reasons["text.mirra"], HasSubstr("header"));
    EXPECT_THAT(reasons["empty.mirra"], HasSubstr("0 bytes"));
    EXPECT_THAT(reasons["huge.mirra"], HasSubstr("header"));
    EXPECT_THAT(reasons["truncated.mirra"], HasSubstr("truncated"));
}

TEST_F(CapiBundles, HeadersAreReadUpToABoundOfAll) {
    // Each announces a header of nearly 16 MiB that is a string without an end.
    for (int i = 0; i < 6; ++i) {
        const fs::path file = folder_ / ("big" + std::to_string(i) + ".mirra");
        std::ofstream(file) << std::string("\x00\x00\xff\x00\x00\x00\x00\x00", 8) << "{\"a";
        fs::resize_file(file, std::uintmax_t{17} << 20);
    }
    put("zebra.mirra");
    const Engine engine = this->engine();
    const auto all = records(engine);
    ASSERT_EQ(7U, all.size());
    EXPECT_THAT(all[5].reason, HasSubstr("may still be read"));
    EXPECT_EQ(1, all[6].usable) << "small ones are still read: " << all[6].reason;
}

TEST_F(CapiBundles, QualitiesAreThoseOfTheTask) {
    put("denoiser.mirra");
    for (const char *name : {"best", "fast", "zebra", "ant"}) put(std::string("denoiser-") + name + ".mirra");
    put("denoiser-other.mirra", {.task = "stylize"});
    put("denoiser-.mirra");
    put("denoiser-Loud.mirra");
    std::ofstream(folder_ / "denoiser-broken.mirra") << "no";
    const Engine engine = this->engine();
    EXPECT_THAT(qualities(engine, "denoise"), ElementsAre("fast", "balanced", "best", "ant", "zebra"));
    EXPECT_THAT(qualities(engine, "invert"), IsEmpty());
}

TEST_F(CapiBundles, ASessionTakesItsQuality) {
    put("denoiser.mirra");
    put("denoiser-fast.mirra", {.defaults = R"({"strength": 0.25})"});
    const Engine engine = this->engine();
    const Session standard = session_of(engine, nullptr), fast = session_of(engine, "fast"),
                  balanced = session_of(engine, "balanced");
    EXPECT_EQ((folder_ / "denoiser.mirra").string(), bundle_path(standard));
    EXPECT_EQ((folder_ / "denoiser.mirra").string(), bundle_path(balanced));
    EXPECT_EQ((folder_ / "denoiser-fast.mirra").string(), bundle_path(fast));
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_session_get(fast.get(), "strength", &value, error));
    EXPECT_EQ(0.25, value.real);
    MIRRA_STRUCT(mirra_session_info, info);
    EXPECT_OK(mirra_session_get_info(fast.get(), &info, error));
    EXPECT_STREQ("fast", info.quality);
}

TEST_F(CapiBundles, AQualityThatIsNotThereNamesThoseThatAre) {
    put("denoiser.mirra");
    put("denoiser-fast.mirra");
    const Engine engine = this->engine();
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    Session session;
    const auto refused = [&](const char *quality) {
        options.quality = quality;
        Failure failure;
        EXPECT_NE(MIRRA_OK, mirra_session_create(engine.get(), &options, session.out(), failure.out()));
        EXPECT_STREQ("quality", mirra_error_subject(failure.get()));
        return std::string(mirra_status_name(mirra_error_code(failure.get()))) + " " + message(failure);
    };
    EXPECT_THAT(refused("fats"),
                HasSubstr("not_found the task 'denoise' has no bundle of the quality 'fats'"));
    EXPECT_THAT(refused("fats"), HasSubstr("Did you mean 'fast'? There are: fast, balanced, best. Or put "
                                           "denoiser-fats.mirra into a folder of MIRRA_BUNDLE_PATH."));
    for (const char *wrong : {"", "../../etc/passwd", "a/b", "-", "Fast"})
        EXPECT_THAT(refused(wrong), HasSubstr("invalid_argument")) << wrong;

    const Bundle bundle = make_bundle();
    options.bundle = bundle.get();
    EXPECT_THAT(refused("fast"), HasSubstr("invalid_argument both a bundle and a quality were given"));
}

TEST_F(CapiBundles, ManyThreadsSeeOneList) {
    put("denoiser.mirra");
    put("denoiser-fast.mirra");
    const Engine engine = this->engine();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            if (i % 2 == 0) {
                EXPECT_EQ(2U, records(engine).size());
            } else {
                EXPECT_EQ(3U, qualities(engine, "denoise").size()); // the library's own "best" is one of them
            }
        });
    for (auto &thread : threads) thread.join();
    const auto before = records(engine);
    put("denoiser-best.mirra");
    EXPECT_EQ(2U, records(engine).size()) << "what was found is constant";
    EXPECT_EQ(before[0].path, records(engine)[0].path);
}

} // namespace
} // namespace mirra::test
