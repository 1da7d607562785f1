// Where plugins and their bundles are found, and which are left out.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// "file name: reason" of each record; the folder's name before plugin.so.
std::vector<std::string> records_of(const std::string &path, const char *skip = nullptr,
                                    mirra_engine_flags flags = 0) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY | flags;
    options.plugin_path = path.c_str();
    options.plugin_skip = skip;
    options.runtime_module = MIRRA_TEST_RUNTIME;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    std::vector<std::string> found;
    for (std::uint32_t i = 0; i < mirra_engine_plugin_count(engine.get()); ++i) {
        MIRRA_STRUCT(mirra_plugin_record, record);
        EXPECT_OK(mirra_engine_plugin(engine.get(), i, &record, error));
        fs::path file = record.path;
        const std::string name =
            file.filename() == "plugin.so" ? file.parent_path().filename() : file.filename();
        found.push_back(name + ": " + (record.loaded == 1 ? "loaded" : record.reason));
    }
    return found;
}

/// A folder with b.so and a/plugin.so.
std::string make_folder() {
    const fs::path folder = temporary("plugins");
    fs::create_directories(folder / "a");
    fs::create_directories(folder / "no-plugin");
    fs::copy_file(MIRRA_TEST_TEMPLATE, folder / "b.so", fs::copy_options::overwrite_existing);
    fs::copy_file(MIRRA_TEST_ZOO "/described.so", folder / "a" / "plugin.so",
                  fs::copy_options::overwrite_existing);
    return folder;
}

TEST(PluginSearch, AFolderOfItsOwnHoldsAPlugin) {
    EXPECT_THAT(records_of(make_folder()), ElementsAre("a: loaded", "b.so: loaded"));
}

TEST(PluginSearch, WhatIsNamedInPluginSkipIsLeftOut) {
    const std::string folder = make_folder(), reason = "plugin_skip names it";
    EXPECT_THAT(records_of(folder, "b.so"), ElementsAre("a: loaded", "b.so: " + reason));
    EXPECT_THAT(records_of(folder, "org.example.described"), ElementsAre("a: " + reason, "b.so: loaded"));
    EXPECT_THAT(records_of(folder, ("x:" + folder + "/a/plugin.so:b.so").c_str()),
                ElementsAre("a: " + reason, "b.so: " + reason));
    EXPECT_THAT(records_of(folder, "a:b:/nowhere/b.so"), ElementsAre("a: loaded", "b.so: loaded"));
}

/// What each way to a bundle of the task "denoise" comes to.
struct Ways {
    std::string session, named, listed;
};
Ways ways_of(const Engine &engine) {
    Ways ways;
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    MIRRA_STRUCT(mirra_session_info, info);
    EXPECT_OK(mirra_session_get_info(session.get(), &info, error));
    ways.session = info.bundle_path;
    char *found = nullptr;
    EXPECT_OK(mirra_engine_find_bundle(engine.get(), "denoiser.mirra", &found, error));
    ways.named = found;
    mirra_string_free(found);
    for (std::uint32_t i = 0; i < mirra_engine_bundle_count(engine.get()); ++i) {
        MIRRA_STRUCT(mirra_bundle_record, record);
        EXPECT_OK(mirra_engine_bundle(engine.get(), i, &record, error));
        if (std::string(record.path).ends_with("/denoiser.mirra")) ways.listed += record.path;
    }
    return ways;
}

/// The shipped denoiser alone in a folder, with a bundle under its default's name; such bundles in folders
/// that the user names, and beside another plugin.
TEST(PluginSearch, ABundlesNameMeansOneFileWhicheverWayItIsAskedFor) {
    std::map<std::string, std::string> files;
    for (const std::string name : {"given", "environment", "own", "other"}) {
        const fs::path folder = temporary(name);
        fs::create_directories(folder);
        fs::copy_file(write_bundle_file({}), folder / "denoiser.mirra", fs::copy_options::overwrite_existing);
        files[name] = folder / "denoiser.mirra";
    }
    const auto plugin = [](const std::string &from, const fs::path &to) {
        fs::copy_file(from, to, fs::copy_options::overwrite_existing);
        return to.string();
    };
    const std::string own = plugin(MIRRA_TEST_PLUGINS "/denoiser.so", temporary("own") + "/plugin.so"),
                      other = plugin(MIRRA_TEST_TEMPLATE, temporary("other") + "/plugin.so");
    const std::string plugins = other + ":" + own, given = temporary("given");
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY | isolation();
    options.plugin_path = plugins.c_str();
    options.runtime_module = MIRRA_TEST_RUNTIME;
    options.bundle_path = given.c_str();
    const auto expect = [&](const std::string &file) {
        Engine engine;
        EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
        const Ways ways = ways_of(engine);
        EXPECT_EQ(file, ways.session);
        EXPECT_EQ(file, ways.named);
        EXPECT_EQ(file, ways.listed);
    };
    {
        const Environment path("MIRRA_BUNDLE_PATH", temporary("environment").c_str());
        expect(files["given"]);
        options.bundle_path = nullptr;
        expect(files["environment"]);
    }
    expect(files["own"]);
    // Now the installation's, and not that of the plugin which comes first.
    fs::remove(files["own"]);
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    const Ways ways = ways_of(engine);
    EXPECT_THAT(ways.session, HasSubstr("share/mirra/bundles/denoiser.mirra"));
    EXPECT_EQ(ways.session, ways.named);
    EXPECT_EQ(ways.session, ways.listed);
}

TEST(PluginSearch, AScanInAProcessOfItsOwnFindsThoseThatEndOrBlockIt) {
    const std::string zoo = std::string(MIRRA_TEST_ZOO) + "/";
    const auto found = records_of(zoo + "crashes-in-init.so:" + zoo + "exits-in-init.so:" + zoo +
                                      "hangs-in-init.so:" + zoo + "init-fails.so:" + MIRRA_TEST_TEMPLATE,
                                  nullptr, MIRRA_PLUGIN_SCAN_PROCESS);
    ASSERT_EQ(5U, found.size());
    EXPECT_THAT(found[0], HasSubstr("it ended a process of its own"));
    EXPECT_THAT(found[1], HasSubstr("it ended a process of its own that loaded it first (exit code"));
    EXPECT_THAT(found[2], HasSubstr("it blocked a process of its own"));
    EXPECT_THAT(found[3], HasSubstr("the zoo is closed"));
    EXPECT_THAT(found[4], HasSubstr("loaded"));
}

} // namespace
} // namespace mirra::test
