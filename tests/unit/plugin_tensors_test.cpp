// Tensor functions and threads that a plugin gets, through the plugin "tensors", over every runtime: the one
// for tests, LibTorch's, and the host's own for tasks that run no network.
#include "inverter_support.hpp"

#include <chrono>
#include <thread>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

constexpr const char *kPlain = "plain";

std::vector<const char *> every_runtime() {
    std::vector<const char *> all;
    for (const char *each : all_runtimes()) all.push_back(each);
    all.push_back(kPlain);
    return all;
}

class PluginTensors : public ::testing::TestWithParam<const char *> {
  protected:
    void make(std::uint64_t memory_limit = 0) {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = plain() ? "tensors-plain" : "tensors";
        options.threads = 3;
        options.memory_limit = memory_limit;
        EXPECT_OK(mirra_session_create(engine_.get(), &options, session_.out(), error));
    }
    mirra_status run(const mirra_run_options *options = nullptr) {
        for (std::size_t i = 0; i < in_.samples.size(); ++i)
            in_.samples[i] = static_cast<float>(i % 13) / 13.0F;
        return test::run(session_, in_.image, out_.image, complaint_.out(), options, result_.out());
    }
    void set_action(const char *action) {
        EXPECT_OK(mirra_session_set_text(session_.get(), "action", action, error));
    }
    [[nodiscard]] static bool plain() { return GetParam() == kPlain; }

    /// There is no module for tasks that run no network.
    Engine engine_ = make_engine(MIRRA_TEST_ZOO "/tensors.so", plain() ? "/nowhere/at/all.so" : GetParam());
    Session session_;
    Floats in_{7, 5, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32}, out_{7, 5, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32};
    Failure complaint_;
    Result result_;
};

INSTANTIATE_TEST_SUITE_P(Runtimes, PluginTensors, ::testing::ValuesIn(every_runtime()),
                         [](const auto &runtime) {
                             return runtime.param == kPlain ? std::string(kPlain) : runtime_name(runtime);
                         });

TEST_P(PluginTensors, DoWhatTheHeaderSays) {
    make();
    ASSERT_EQ(MIRRA_OK, run()) << message(complaint_);
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_result_find(result_.get(), "failures", &value, error));
    EXPECT_STREQ("", value.text);
    EXPECT_EQ(in_.samples, out_.samples);
}

TEST_P(PluginTensors, ThatAreWrittenInPlaceCountAgainstTheLimit) {
    make();
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(session_.get(), 7, 5, &plan, error));
    set_action("fill");
    EXPECT_EQ(MIRRA_OK, run()) << message(complaint_);
    make(plan.required_bytes + 1'000'000); // of forty that it makes
    set_action("fill");
    EXPECT_EQ(MIRRA_E_BUDGET, run()) << message(complaint_);
}

TEST_P(PluginTensors, WorkOnThreadsStopsWhereTheRunIsCancelled) {
    make();
    set_action("endless");
    Cancel cancel;
    EXPECT_OK(mirra_cancel_create(cancel.out(), error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.cancel = cancel.get();
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        mirra_cancel_request(cancel.get());
    });
    EXPECT_EQ(MIRRA_E_CANCELLED, run(&options)) << message(complaint_);
    later.join();
}

TEST(PluginWithoutNetwork, LoadsNoRuntimeAndRefusesGraphs) {
    const Engine engine = make_engine(MIRRA_TEST_ZOO "/tensors.so", "/nowhere/at/all.so");
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "tensors-plain";
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(session.get(), 100, 100, &plan, error));
    EXPECT_EQ(0U, plan.base_bytes);
    EXPECT_OK(mirra_session_set_text(session.get(), "action", "graph", error));
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, mirra_session_plan(session.get(), 100, 100, &plan, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("MIRRA_TASK_NO_NETWORK"));
    const Bundle bundle = make_bundle();
    options.bundle = bundle.get();
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT,
              mirra_session_create(engine.get(), &options, session.out(), failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("takes no bundle | bundle | Leave the bundle out."));
    options.bundle = nullptr;
    options.task = "tensors";
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_session_create(engine.get(), &options, session.out(), error));
}

} // namespace
} // namespace mirra::test
