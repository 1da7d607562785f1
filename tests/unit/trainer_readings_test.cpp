// What steps measure: read later or at once, it is the same; what is not finite does no harm until it is
// read.
#include "core/optimizer.hpp"
#include "core/readings.hpp"
#include "core/run_folder.hpp"
#include "core/step_memory.hpp"
#include "core/training_run.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>

namespace {

using namespace mirra;
using namespace mirra::trainer;

using testing::HasSubstr;

/// The error that a call throws.
template<class Function> Error error_of(const Function &function) {
    try {
        function();
    } catch (const Error &error) {
        return error;
    }
    return {ErrorCode::unsupported, "nothing was thrown"};
}

torch::Tensor one(double value) {
    return torch::tensor(value, at::kFloat);
}

TEST(Readings, AreRowsInTheOrderOfTheSteps) {
    Readings readings({"loss", "rate"});
    readings.begin(4);
    readings.set("rate", 0.5);
    readings.set("loss", one(2));
    readings.begin(5);
    readings.set("loss", one(3));
    EXPECT_EQ(readings.rows(), 2);
    EXPECT_FALSE(readings.must_wait());
    const auto rows = readings.take();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0], (std::vector<double>{2, 0.5}));
    EXPECT_EQ(rows[1][0], 3);
    EXPECT_TRUE(std::isnan(rows[1][1]));
    EXPECT_EQ(readings.rows(), 0);
}

TEST(Readings, OfNoColumnAreRefused) {
    Readings readings({"loss"});
    readings.begin(0);
    EXPECT_EQ(error_of([&] { readings.set("los", 1); }).subject(), "los");
}

TEST(Readings, TellTheFirstStepThatWasNotFinite) {
    Readings readings({"loss"});
    for (const double norm : {1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
        readings.begin(40 + readings.rows());
        readings.set("loss", one(1));
        readings.require_finite(one(norm), "the gradient", "optimizer.rate");
    }
    const auto error = error_of([&] { readings.take(); });
    EXPECT_EQ(error.subject(), "optimizer.rate");
    EXPECT_THAT(error.what(), HasSubstr("the gradient is not finite at step 42"));
    EXPECT_THAT(error.hint(), HasSubstr("optimizer.clip_norm"));
}

struct Gradients : testing::Test {
    torch::Tensor a = torch::zeros({2}).requires_grad_(), b = torch::zeros({1}).requires_grad_();
    void set(float x, float y, float z) {
        a.mutable_grad() = torch::tensor({x, y});
        b.mutable_grad() = torch::tensor({z});
    }
};

TEST_F(Gradients, AreClippedToTheirJointNorm) {
    set(2, 3, 6);
    EXPECT_NEAR(clip_gradients({a, b}, 0).item<double>(), 7, 1e-5);
    EXPECT_EQ(b.grad().item<double>(), 6) << "0 is no bound";
    EXPECT_NEAR(clip_gradients({a, b}, 3.5).item<double>(), 7, 1e-5);
    EXPECT_NEAR(b.grad().item<double>(), 3, 1e-4);
    EXPECT_NEAR(clip_gradients({a, b}, 100).item<double>(), 3.5, 1e-4);
    EXPECT_NEAR(b.grad().item<double>(), 3, 1e-4) << "shorter ones stay";
}

TEST_F(Gradients, ThatAreNotFiniteChangeNoWeight) {
    const auto stays = [&](auto &&optimizer) {
        set(1, 1, 1);
        optimizer.step(0.1, clip_gradients({a, b}, 1));
        const auto before = a.detach().clone(), state = optimizer.state().begin()->second.clone();
        EXPECT_NE(before[0].template item<float>(), 0);
        set(std::numeric_limits<float>::infinity(), 0, 1);
        const auto norm = clip_gradients({a, b}, 1);
        EXPECT_FALSE(std::isfinite(norm.template item<float>()));
        optimizer.step(0.1, norm);
        EXPECT_TRUE(a.equal(before));
        EXPECT_TRUE(optimizer.state().begin()->second.equal(state));
    };
    stays(Adam({a, b}, {}));
    stays(Sgd({a, b}, {}));
}

/// Halves a weight's distance to one, as many steps as there are; the gradient of one step may be infinite.
class Halving final : public TrainingTask {
  public:
    Halving(std::filesystem::path folder, std::int64_t steps) : folder_(std::move(folder)), steps_(steps) {}

    std::int64_t infinite = -1, interrupted_at = -1;

    [[nodiscard]] std::string name() const override { return "halving"; }
    [[nodiscard]] std::int64_t steps() const override { return steps_; }
    [[nodiscard]] std::string fingerprint() const override { return "halving"; }
    [[nodiscard]] TrainingState state() const override { return {{"weight", weight_}}; }
    void start(std::int64_t) override {}
    [[nodiscard]] std::vector<std::string> columns() const override { return {"loss", "validation"}; }
    void step(std::int64_t step, Readings &readings) override {
        if (step == interrupted_at) std::raise(SIGINT);
        const auto loss = readings.waiting([&] { return (1 - weight_).square().sum(); });
        weight_.mutable_grad() = step == infinite ? torch::full({1}, INFINITY) : weight_.detach() - 1;
        const auto norm = clip_gradients({weight_}, 0);
        sgd_.step(0.5, norm);
        readings.require_finite(norm, "the gradient", rate_key());
        readings.set("loss", loss);
        readings.pictures(3);
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return 7; }
    void validate(Readings &readings) override { readings.set("validation", weight_.item<double>()); }
    void finish() override {}
    [[nodiscard]] std::filesystem::path output() const override { return folder_ / "bundle"; }
    [[nodiscard]] double weight() const { return weight_.item<double>(); }

  private:
    std::filesystem::path folder_;
    std::int64_t steps_;
    torch::Tensor weight_ = torch::zeros({1}).requires_grad_();
    Sgd sgd_{{weight_}, {.momentum = 0, .weight_decay = 0}};
};

std::filesystem::path fresh_folder(const std::string &name) {
    const std::filesystem::path folder = test::scratch() + "mirra-readings-" + name;
    std::filesystem::remove_all(folder);
    return folder;
}

RunOptions options_for(const std::filesystem::path &folder, std::int64_t read_every) {
    return {.folder = folder,
            .checkpoint_every = 1000,
            .checkpoint_interval = {},
            .log_every = 4,
            .read_every = read_every};
}

/// The log but for the pace, which differs each time.
std::vector<LogRow> log_of(const std::filesystem::path &folder) {
    return RunLog(folder / "log.csv", {"loss", "validation"}, 1000).rows();
}

TEST(DeferredReadings, MakeTheSameLog) {
    std::vector<std::vector<LogRow>> logs;
    for (const std::int64_t every : {1, 3, 100}) {
        const auto folder = fresh_folder("log-" + std::to_string(every));
        Halving task(folder, 18);
        EXPECT_EQ(run_training(task, options_for(folder, every)), RunResult::finished);
        logs.push_back(log_of(folder));
    }
    ASSERT_EQ(logs[0].size(), 7U) << "steps 4, 7, 8, 12, 14, 16, 18";
    for (const auto &log : logs) {
        ASSERT_EQ(log.size(), logs[0].size());
        for (std::size_t i = 0; i < log.size(); ++i) {
            EXPECT_EQ(log[i].step, logs[0][i].step);
            EXPECT_EQ(log[i].values[0], logs[0][i].values[0]);
            EXPECT_EQ(std::isnan(log[i].values[1]), i != 1 && i != 4 && i != 6) << i;
        }
    }
}

TEST(DeferredReadings, NameTheStepWhoseGradientWasNotFinite) {
    for (const std::int64_t every : {1, 3, 100}) {
        const auto folder = fresh_folder("infinite-" + std::to_string(every));
        Halving task(folder, 18);
        task.infinite = 4;
        const auto error = error_of([&] { run_training(task, options_for(folder, every)); });
        EXPECT_THAT(error.what(), HasSubstr("the gradient is not finite at step 5")) << every;
        EXPECT_TRUE(std::isfinite(task.weight()));
        EXPECT_FALSE(std::filesystem::exists(folder / "checkpoint.safetensors"));
    }
}

TEST(DeferredReadings, AreNotLostByCtrlC) {
    for (const std::int64_t every : {1, 3, 100}) {
        const auto folder = fresh_folder("interrupted-" + std::to_string(every));
        Halving task(folder, 18);
        task.interrupted_at = 9;
        EXPECT_EQ(run_training(task, options_for(folder, every)), RunResult::interrupted);
        EXPECT_TRUE(std::filesystem::exists(folder / "checkpoint.safetensors"));
        Halving resumed(folder, 18);
        EXPECT_EQ(run_training(resumed, options_for(folder, every)), RunResult::finished);
        EXPECT_EQ(resumed.weight(), 1 - std::pow(0.5, 18)) << every;
    }
}

TEST(Pace, IsInTheLog) {
    const auto folder = fresh_folder("pace");
    Halving task(folder, 8);
    EXPECT_EQ(run_training(task, options_for(folder, 0)), RunResult::finished);
    const RunLog log(folder / "log.csv", pace_columns(), 1000);
    ASSERT_FALSE(log.rows().empty());
    for (const auto &row : log.rows()) {
        EXPECT_GT(row.values[0], 0);
        EXPECT_GE(row.values[1], 0);
        EXPECT_LE(row.values[1], 1);
    }
}

TEST(StepMemory, IsThatOfTheStepBefore) {
    const auto heap = torch::ones({4});
    StepMemory memory;
    const auto address = [](std::int64_t size) { return torch::empty({size}).const_data_ptr(); };
    constexpr std::int64_t kLarge = 1 << 20;
    const auto *large = address(kLarge), *small = address(100);
    EXPECT_EQ(address(kLarge), large);
    EXPECT_EQ(address(100), small);
    const auto kept = torch::ones({kLarge});
    EXPECT_NE(address(kLarge), kept.const_data_ptr());
    EXPECT_GE(memory.bytes(), 2 * kLarge * sizeof(float));
    memory.renew();
    EXPECT_EQ(memory.bytes(), 0U);
    EXPECT_EQ(kept.sum().item<float>() + heap.sum().item<float>(), kLarge + 4) << "tensors live on";
}

} // namespace
