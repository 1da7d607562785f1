// Several processes train as one: the same curve, the same weights, clear ends when one of them goes.
#include "core/run_folder.hpp"
#include "data/picture_set.hpp"
#include "distributed/connection.hpp"
#include "distributed/environment.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "trainer_process.hpp"
#include "trainer_support.hpp"

#include <gmock/gmock.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using test::TrainProcess;
namespace fs = std::filesystem;

constexpr int kInterrupted = 130;
constexpr const char *kLost = "cannot go on with the others";

std::string recipe(int batch) {
    return "[data]\nbatch = " + std::to_string(batch) + R"(
extent = 64
[network]
architecture = "alexnet"
width = 0.0625
hidden = [16]
pooled_extent = 1
[adversary]
kind = "pgd"
epsilon = 0.5
steps = 2
random_start = true
[optimizer]
epochs = 4
rate = 0.02
clip_norm = 1.0
average_decay = 0.9
[validation]
every_epochs = 2
pictures = 7
steps = 2
[training]
precision = "fp32"
seed = 5
)";
}

/// Pictures of two classes, 24 each.
std::string pictures() {
    const auto first = test::make_pictures("classes/first", 24, 64, 64);
    test::make_pictures("classes/second", 24, 80, 64);
    return first.parent_path().string();
}

/// One training in as many processes as are started for it.
class Training {
  public:
    explicit Training(const std::string &name, int batch = 8, const fs::path &output = "x.mirra")
        : folder_(test::scratch() + name)
        , output_(folder_ / output) {
        fs::create_directories(folder_);
        std::ofstream(folder_ / "recipe.toml") << recipe(batch);
    }
    std::unique_ptr<TrainProcess> start(const std::vector<std::string> &options,
                                        const test::Variables &variables, int rank = 0) const {
        std::vector<std::string> words{
            "encoder", "--data", pictures_, "--validation", pictures_, "--recipe", folder_ / "recipe.toml",
            "-o",      output()};
        words.insert(words.end(), options.begin(), options.end());
        if (std::ranges::find(options, "--threads") == options.end())
            words.insert(words.end(), {"--threads", "1"});
        return std::make_unique<TrainProcess>(words, variables, folder_ / ("output" + std::to_string(rank)));
    }
    std::vector<std::unique_ptr<TrainProcess>> start_two(const std::vector<std::string> &options = {}) const {
        const int port = test::free_port();
        std::vector<std::unique_ptr<TrainProcess>> out;
        for (const int rank : {0, 1}) out.push_back(start(options, test::launched(rank, 2, port), rank));
        return out;
    }
    [[nodiscard]] const fs::path &output() const { return output_; }
    /// Every tensor of the checkpoint.
    [[nodiscard]] std::map<std::string, std::vector<float>> state() const {
        const auto file = bundle::TensorFile::open(output().string() + ".run/checkpoint.safetensors");
        std::map<std::string, std::vector<float>> out;
        for (const auto &[name, tensor] : file->tensors()) out[name] = bundle::to_float(tensor);
        return out;
    }
    [[nodiscard]] std::vector<LogRow> log() const {
        return RunLog(output().string() + ".run/log.csv", {"loss", "accuracy"}, 1 << 20).rows();
    }

  private:
    fs::path folder_, output_;
    std::string pictures_ = ::pictures();
};

void expect_success(const std::vector<std::unique_ptr<TrainProcess>> &processes) {
    for (const auto &process : processes) EXPECT_EQ(process->wait(), 0) << process->output();
}

double largest_difference(const Training &one, const Training &other) {
    const auto a = one.state(), b = other.state();
    double largest = 0;
    for (const auto &[name, values] : a)
        for (std::size_t i = 0; i < values.size(); ++i)
            largest = std::max(largest, std::fabs(static_cast<double>(values[i]) - b.at(name).at(i)));
    return largest;
}

class KilledProcess : public testing::TestWithParam<const char *> {};

/// kill -9 in the middle of an epoch, after a checkpoint.
TEST_P(KilledProcess, EndsWithTheWeightsOfAnUninterruptedOne) {
    const std::string threads = GetParam();
    const std::vector<std::string> options{"--epochs", "46", "--threads", threads};
    const Training whole("whole-" + threads), killed("killed-" + threads);
    EXPECT_EQ(whole.start(options, {})->wait(), 0);
    const auto first = killed.start(options, {});
    ASSERT_TRUE(first->wait_for_file(killed.output().string() + ".run/checkpoint.safetensors"))
        << first->output();
    first->signal(SIGKILL);
    EXPECT_EQ(first->wait(), -SIGKILL);
    EXPECT_FALSE(fs::exists(killed.output()));
    const auto second = killed.start(options, {});
    EXPECT_EQ(second->wait(), 0) << second->output();
    EXPECT_NE(second->output().find("resuming at step"), std::string::npos) << second->output();
    EXPECT_LE(largest_difference(whole, killed), threads == "1" ? 0 : 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Threads, KilledProcess, testing::Values("1", "2"));

/// Of weights. Kernels of wide vectors round other batches otherwise, which PGD's normalised steps carry on
/// (2e-5 seen).
double allowance(const std::string &adversary) {
    return adversary == "pgd" ? 1e-4 : 1e-5;
}

class TwoProcesses : public testing::TestWithParam<const char *> {};

TEST_P(TwoProcesses, TrainAsOneDoesOnTheWholeBatch) {
    const std::string adversary = GetParam();
    const std::vector<std::string> options{"--adversary", adversary};
    const Training one("one-" + adversary), two("two-" + adversary);
    EXPECT_EQ(one.start(options, {})->wait(), 0);
    expect_success(two.start_two(options));
    const auto expected = one.log(), rows = two.log();
    ASSERT_EQ(rows.size(), expected.size());
    ASSERT_GE(rows.size(), 3u);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].step, expected[i].step);
        EXPECT_NEAR(rows[i].values[0], expected[i].values[0], 1e-5) << "loss at step " << rows[i].step;
        EXPECT_NEAR(rows[i].values[1], expected[i].values[1], 1e-5) << "accuracy at step " << rows[i].step;
    }
    EXPECT_LT(largest_difference(one, two), allowance(adversary));
    EXPECT_TRUE(fs::exists(two.output()));
}

INSTANTIATE_TEST_SUITE_P(Adversaries, TwoProcesses, testing::Values("none", "pgd", "gairat"));

TEST(Distributed, StopsTogetherAndGoesOnAfterAKill) {
    const std::vector<std::string> options{"--epochs", "40"};
    const Training whole("whole"), broken("broken");
    expect_success(whole.start_two(options));

    auto processes = broken.start_two(options);
    ASSERT_TRUE(processes[0]->wait_for(" left loss")) << processes[0]->output();
    processes[1]->signal(SIGINT);
    for (const auto &process : processes) EXPECT_EQ(process->wait(), kInterrupted) << process->output();

    processes = broken.start_two(options);
    ASSERT_TRUE(processes[0]->wait_for(" left loss")) << processes[0]->output();
    processes[1]->signal(SIGKILL);
    EXPECT_EQ(processes[1]->wait(), -SIGKILL);
    EXPECT_EQ(processes[0]->wait(), 1);
    EXPECT_NE(processes[0]->output().find(kLost), std::string::npos) << processes[0]->output();
    EXPECT_FALSE(fs::exists(broken.output()));

    processes = broken.start_two(options);
    expect_success(processes);
    EXPECT_NE(processes[0]->output().find("resuming at step"), std::string::npos);
    EXPECT_EQ(broken.state(), whole.state());
}

TEST(Distributed, GoesOnWithAnotherNumberOfProcesses) {
    const Training whole("alone"), changed("changed");
    EXPECT_EQ(whole.start({}, {})->wait(), 0);
    const auto processes = changed.start_two();
    ASSERT_TRUE(processes[0]->wait_for(" left loss")) << processes[0]->output();
    processes[0]->signal(SIGTERM);
    for (const auto &process : processes) EXPECT_EQ(process->wait(), kInterrupted) << process->output();
    const auto rest = changed.start({}, {});
    EXPECT_EQ(rest->wait(), 0);
    EXPECT_NE(rest->output().find("resuming at step"), std::string::npos) << rest->output();
    EXPECT_LT(largest_difference(whole, changed), allowance("pgd"));
}

TEST(Distributed, AMissingProcessEndsTheOthersInTime) {
    auto variables = test::launched(0, 2, test::free_port());
    variables["MIRRA_DISTRIBUTED_TIMEOUT"] = "2";
    const auto lonely = Training("lonely").start({}, variables);
    EXPECT_EQ(lonely->wait(), 1);
    EXPECT_NE(lonely->output().find(kLost), std::string::npos) << lonely->output();
}

TEST(Distributed, ABatchThatCannotBeSharedIsRefused) {
    for (const int batch : {7, 1})
        for (const auto &process : Training("uneven", batch).start_two()) {
            EXPECT_EQ(process->wait(), 1);
            EXPECT_NE(process->output().find("cannot share evenly"), std::string::npos) << process->output();
        }
}

TEST(Distributed, OnlyTheFirstNeedsAPlaceForTheBundle) {
    const Training first("writes"), second("writes-not", 8, "missing/x.mirra");
    const int port = test::free_port();
    const auto a = first.start({"--epochs", "1"}, test::launched(0, 2, port), 0);
    const auto b = second.start({"--epochs", "1"}, test::launched(1, 2, port), 1);
    EXPECT_EQ(b->wait(), 0) << b->output();
    EXPECT_EQ(a->wait(), 0) << a->output();
    EXPECT_TRUE(fs::exists(first.output()));
    EXPECT_FALSE(fs::exists(second.output().parent_path()));
}

TEST(Distributed, ALauncherThatRestartsKeepsTheCheckpoint) {
    const Training training("relaunched");
    EXPECT_EQ(training.start({"--epochs", "1"}, {})->wait(), 0);
    auto variables = test::launched(0, 1, test::free_port());
    variables["TORCHELASTIC_RESTART_COUNT"] = "1";
    const auto again = training.start({"--epochs", "1", "--restart"}, variables);
    EXPECT_EQ(again->wait(), 0);
    EXPECT_NE(again->output().find("this run is finished"), std::string::npos) << again->output();
    variables["TORCHELASTIC_RESTART_COUNT"] = "0";
    const auto anew = training.start({"--epochs", "1", "--restart"}, variables);
    EXPECT_EQ(anew->wait(), 0);
    EXPECT_EQ(anew->output().find("this run is finished"), std::string::npos) << anew->output();
}

/// Tells what each process has left in it.
class WatchedStore final : public c10d::HashStore {
  public:
    void set(const std::string &key, const std::vector<std::uint8_t> &value) override {
        HashStore::set(key, value);
        count(key);
    }
    std::int64_t add(const std::string &key, std::int64_t value) override {
        const auto sum = HashStore::add(key, value);
        if (value != 0) count(key);
        return sum;
    }
    /// How often a process has come: the first one begins meetings, the others leave words.
    int comings(int rank) {
        const std::scoped_lock lock(mutex_);
        return changes_[rank == 0 ? "mirra/meetings" : "mirra/word/" + std::to_string(rank)];
    }

  private:
    void count(const std::string &key) {
        const std::scoped_lock lock(mutex_);
        ++changes_[key];
    }

    std::mutex mutex_;
    std::map<std::string, int> changes_; ///< by key
};

/// The meetings of processes that come in this order, each when the one before is there.
std::vector<Meeting> met(WatchedStore &store, const std::vector<int> &ranks) {
    std::vector<std::future<Meeting>> coming;
    for (const int rank : ranks) {
        const int before = store.comings(rank);
        coming.push_back(
            std::async(std::launch::async, [&store, rank, size = static_cast<int>(ranks.size())] {
                return meet(store, rank, size, std::chrono::seconds(20));
            }));
        while (store.comings(rank) == before) std::this_thread::yield();
    }
    std::vector<Meeting> out;
    for (auto &each : coming) out.push_back(each.get());
    return out;
}

TEST(Distributed, ProcessesMeetThoseOfTheirOwnStart) {
    WatchedStore store;
    const auto first = met(store, {0, 1, 2}), second = met(store, {2, 1, 0}), smaller = met(store, {1, 0});
    for (const auto &each : first) {
        EXPECT_EQ(each.name, first.front().name);
        EXPECT_TRUE(each.first);
    }
    for (const auto &each : second) {
        EXPECT_EQ(each.name, second.front().name);
        EXPECT_FALSE(each.first);
    }
    EXPECT_NE(first.front().name, second.front().name);
    EXPECT_EQ(smaller[0].name, smaller[1].name);
    const auto late = testing::ThrowsMessage<std::exception>(testing::HasSubstr("time"));
    EXPECT_THAT([&] { meet(store, 0, 2, std::chrono::milliseconds(50)); }, late);
    EXPECT_THAT([&] { meet(store, 1, 2, std::chrono::milliseconds(50)); }, late);
}

TEST(Distributed, OtherSettingsAreRefused) {
    const Training training("others");
    const int port = test::free_port();
    const auto first = training.start({"--seed", "1"}, test::launched(0, 2, port), 0);
    const auto second = training.start({"--seed", "2"}, test::launched(1, 2, port), 1);
    for (const auto *process : {first.get(), second.get()}) {
        EXPECT_EQ(const_cast<TrainProcess *>(process)->wait(), 1);
        EXPECT_NE(process->output().find("do not have the same recipe"), std::string::npos)
            << process->output();
    }
}

TEST(Distributed, TheDenoiserTrainsInOneProcess) {
    TrainProcess process({"denoiser", "--data", pictures(), "-o", test::scratch() + "d.mirra"},
                         test::launched(0, 2, test::free_port()), test::scratch() + "denoiser-output");
    EXPECT_EQ(process.wait(), 1);
    EXPECT_NE(process.output().find("one process"), std::string::npos) << process.output();
}

ProcessEnvironment environment_of(const test::Variables &variables) {
    return process_environment([&](const char *name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

TEST(ProcessEnvironment, IsOfTheInnermostLauncher) {
    EXPECT_EQ(environment_of({}).world, 1);
    EXPECT_EQ(environment_of({{"SLURM_NTASKS", "8"}}).world, 1) << "a shell of salloc";
    test::Variables variables{{"MASTER_ADDR", "node0"}, {"MASTER_PORT", "29500"},
                              {"SLURM_PROCID", "3"},    {"SLURM_NTASKS", "4"},
                              {"SLURM_LOCALID", "1"},   {"MIRRA_DISTRIBUTED_TIMEOUT", "7"}};
    const auto slurm = environment_of(variables);
    EXPECT_EQ(slurm.rank, 3);
    EXPECT_EQ(slurm.world, 4);
    EXPECT_EQ(slurm.local_rank, 1);
    EXPECT_EQ(slurm.local_world, 4);
    EXPECT_EQ(slurm.address, "node0");
    EXPECT_EQ(slurm.port, 29500);
    EXPECT_EQ(slurm.timeout.count(), 7);
    variables.insert({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}});
    EXPECT_EQ(environment_of(variables).world, 2);
    variables.insert({{"RANK", "5"}, {"WORLD_SIZE", "6"}, {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
    EXPECT_EQ(environment_of(variables).rank, 5);
    EXPECT_TRUE(environment_of(variables).launcher_store);
    EXPECT_EQ(environment_of(variables).attempt, 0);
    variables["TORCHELASTIC_RESTART_COUNT"] = "2";
    EXPECT_EQ(environment_of(variables).attempt, 2);
    variables["LOCAL_WORLD_SIZE"] = "3";
    EXPECT_EQ(environment_of(variables).local_world, 3);
    EXPECT_EQ(cache_budget(environment_of(variables)).training, (std::uint64_t{8} << 30) / 3 / 4 * 3);
    EXPECT_EQ(cache_budget({}).training + cache_budget({}).validation, std::uint64_t{8} << 30);
}

TEST(ProcessEnvironment, WhatIsMissingOrWrongIsNamed) {
    const auto subject_of = [](const test::Variables &changes) {
        auto variables = test::launched(1, 2, 29500);
        for (const auto &[name, value] : changes) {
            variables.erase(name);
            if (!value.empty()) variables[name] = value;
        }
        try {
            environment_of(variables);
        } catch (const Error &error) {
            return error.subject();
        }
        return std::string("none");
    };
    EXPECT_EQ(subject_of({}), "none");
    for (const auto *name : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"})
        EXPECT_EQ(subject_of({{name, ""}}), name);
    EXPECT_EQ(subject_of({{"RANK", "2"}}), "RANK");
    EXPECT_EQ(subject_of({{"WORLD_SIZE", "two"}}), "WORLD_SIZE");
    EXPECT_EQ(subject_of({{"MASTER_PORT", "65536"}}), "MASTER_PORT");
    EXPECT_EQ(subject_of({{"MIRRA_DISTRIBUTED_TIMEOUT", "0"}}), "MIRRA_DISTRIBUTED_TIMEOUT");
}

TEST(Usage, NumbersThatAreNotAcceptedAreNamedInALine) {
    TrainProcess process({"denoiser", "--data", "x", "-o", "y", "--steps", "0"}, {},
                         test::scratch() + "usage.txt");
    EXPECT_NE(process.wait(), 0);
    EXPECT_EQ(process.output().find("mirra-train: --steps: '0' is not an integer of at least 1\n"), 0u)
        << process.output();
}

} // namespace
