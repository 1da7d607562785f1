// Plugins that throw, state wrong sizes, or use what is not theirs any more: each is passed over, gets an
// error, or does no harm.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

Engine engine_with(const std::string &misfit) {
    return make_engine((std::string(MIRRA_TEST_ZOO) + "/" + misfit + ".so").c_str());
}

mirra_status make_session(const Engine &engine, const char *task, Session &session, Failure &failure) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    options.tile_size = 20;
    return mirra_session_create(engine.get(), &options, session.out(), failure.out());
}

/// A run of 40 x 40 pixels in four tiles.
mirra_status run_in_tiles(const Session &session, Failure &failure) {
    Pixels<std::uint8_t> in(40, 40, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    in.samples.assign(in.samples.size(), 51);
    Pixels<std::uint8_t> out(40, 40, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_status status = run(session, in.image, out.image, failure.out());
    EXPECT_TRUE(status != MIRRA_OK || in.samples == out.samples);
    return status;
}

struct Misfit {
    const char *name, *says;
    mirra_status status = MIRRA_OK;
};
std::string name_of(const ::testing::TestParamInfo<Misfit> &misfit) {
    std::string name = misfit.param.name;
    std::erase(name, '-');
    return name;
}

class PluginMisfitsPassedOver : public ::testing::TestWithParam<Misfit> {};

TEST_P(PluginMisfitsPassedOver, WithTheReason) {
    const Engine engine = engine_with(GetParam().name);
    MIRRA_STRUCT(mirra_plugin_record, record);
    EXPECT_OK(mirra_engine_plugin(engine.get(), 0, &record, error));
    if (HasFailure()) return;
    EXPECT_EQ(0, record.loaded);
    EXPECT_THAT(record.reason, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Each, PluginMisfitsPassedOver,
    ::testing::Values(Misfit{"throws-in-query", "query function threw an exception"},
                      Misfit{"throws-in-init", "init function threw an exception"},
                      Misfit{"task-of-no-size", "task.struct_size is 0"},
                      Misfit{"task-cut-short", "task.struct_size is"}, Misfit{"task-with-tail", "task"},
                      Misfit{"port-cut-short", "ports[0].struct_size is 8"},
                      Misfit{"param-cut-short", "struct_size is 48"},
                      Misfit{"same-task-twice", "registers the task 'same-task-twice' twice"},
                      Misfit{"thousand-params", "too many ports or parameters"},
                      Misfit{"long-doc", "longer than 65535 bytes"}),
    name_of);

class PluginMisfitsWithoutSession : public ::testing::TestWithParam<Misfit> {};

TEST_P(PluginMisfitsWithoutSession, WithTheReason) {
    const Engine engine = engine_with(GetParam().name);
    Session session;
    Failure failure;
    EXPECT_EQ(GetParam().status, make_session(engine, GetParam().name, session, failure));
    EXPECT_THAT(message(failure), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Each, PluginMisfitsWithoutSession,
    ::testing::Values(Misfit{"throws-in-create", "create threw an exception", MIRRA_E_PLUGIN},
                      Misfit{"throws-in-configure", "configure threw an exception", MIRRA_E_PLUGIN}),
    name_of);

class PluginMisfitsThatFail : public ::testing::TestWithParam<Misfit> {};

TEST_P(PluginMisfitsThatFail, EveryTimeWithTheReason) {
    const Engine engine = engine_with(GetParam().name);
    Session session;
    Failure failure;
    ASSERT_EQ(MIRRA_OK, make_session(engine, GetParam().name, session, failure)) << message(failure);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(GetParam().status, run_in_tiles(session, failure)) << message(failure);
        EXPECT_THAT(message(failure), HasSubstr(GetParam().says));
    }
}

INSTANTIATE_TEST_SUITE_P(Each, PluginMisfitsThatFail,
                         ::testing::Values(Misfit{"throws-in-begin", "begin threw", MIRRA_E_PLUGIN},
                                           Misfit{"throws-a-number", "threw", MIRRA_E_PLUGIN},
                                           Misfit{"throws-in-finish", "finish threw", MIRRA_E_PLUGIN},
                                           Misfit{"positive-status", "the status 1", MIRRA_E_PLUGIN}),
                         name_of);

class PluginMisfitsWithoutHarm : public ::testing::TestWithParam<Misfit> {};

TEST_P(PluginMisfitsWithoutHarm, RunAndEnd) {
    const Engine engine = engine_with(GetParam().name);
    Session session;
    Failure failure;
    ASSERT_EQ(MIRRA_OK, make_session(engine, GetParam().name, session, failure)) << message(failure);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(MIRRA_OK, run_in_tiles(session, failure)) << message(failure);
}

INSTANTIATE_TEST_SUITE_P(Each, PluginMisfitsWithoutHarm,
                         ::testing::Values(Misfit{"from-a-thread", ""}, Misfit{"speaks-all-abis", ""},
                                           Misfit{"params-named-as-ports", ""},
                                           Misfit{"params-named-as-options", ""}, Misfit{"gives-kept", ""},
                                           Misfit{"thread-keeps-context", ""},
                                           Misfit{"destroy-keeps-context", ""}, Misfit{"ok-with-error", ""},
                                           Misfit{"no-instance", ""}, Misfit{"huge-extra", ""},
                                           Misfit{"logs-a-lot", ""}),
                         name_of);

} // namespace
} // namespace mirra::test
