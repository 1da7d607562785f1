// A plugin made with mirra_plugin.hpp in a host made with mirra.hpp.
#include "capi_test_support.hpp"

#include "mirra/mirra.hpp"

#include <gmock/gmock.h>

#include <mutex>

namespace mirra::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// The probe's task "probe-rows".
struct Probe {
    Probe() {
        api::EngineOptions options;
        options.flags = MIRRA_PLUGIN_PATH_ONLY;
        options.plugin_path = MIRRA_TEST_ZOO "/probe.so";
        options.runtime_module = MIRRA_TEST_RUNTIME;
        options.log = [this](mirra_log_level, const std::string &message) {
            const std::lock_guard<std::mutex> hold(lock);
            logged.push_back(message);
        };
        engine = api::Engine::create(options);
        api::SessionOptions wanted;
        wanted.task = "probe-rows";
        wanted.threads = 2;
        session = engine.session(wanted);
    }
    api::Result run() {
        return session.run({api::in("image", api::image(before, 4, 8, MIRRA_COLOR_RGB)),
                            api::out("output", api::image(after, 4, 8, MIRRA_COLOR_RGB))});
    }

    std::mutex lock;
    std::vector<std::string> logged;
    const std::vector<float> before = std::vector<float>(std::size_t{3} * 4 * 8, 0.25F);
    std::vector<float> after = std::vector<float>(std::size_t{3} * 4 * 8);
    api::Engine engine;
    api::Session session;
};

TEST(PluginCpp, FunctionsWithoutACopyGiveTheResultOnAllThreads) {
    Probe probe;
    const api::Result result = probe.run();
    EXPECT_EQ(std::vector<float>(probe.after.size(), 0.75F), probe.after);
    EXPECT_EQ(0.75F * 96, result.tensors().at("sum").values()[0]);
    EXPECT_EQ(2, result.value("threads").as<int>());
    EXPECT_THAT(MIRRA_TEST_ZOO, HasSubstr(result.value("folder").as<std::string>()));
    EXPECT_THAT(probe.logged, Contains("the probe ended with 0"));
}

TEST(PluginCpp, WhatABodyThrowsReachesTheCallerAndTheRunIsEnded) {
    Probe probe;
    probe.session.set("action", "throw");
    try {
        static_cast<void>(probe.run());
        ADD_FAILURE() << "a row failed";
    } catch (const api::Error &error) {
        EXPECT_EQ(MIRRA_E_PLUGIN, error.code());
        EXPECT_EQ("row 2", error.message());
    }
    EXPECT_THAT(probe.logged, Contains("the probe ended with 1"));
    probe.session.set("action", "");
    static_cast<void>(probe.run());
}

TEST(PluginCpp, ASessionSaysWhatItsTaskDescribed) {
    const Probe probe;
    double most = 0;
    for (const mirra_param_info &param : probe.session.params())
        if (param.name == std::string("depth")) most = param.maximum;
    EXPECT_EQ(7, most);
}

} // namespace
} // namespace mirra::test
