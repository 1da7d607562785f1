// Sessions in a process of their own: whatever becomes of it, calls end with an error, the next one works,
// and nothing stays behind. That results are the same, the tests of the C interface say, which run so as
// well.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <dlfcn.h>
#include <fstream>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace mirra::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const std::string kEnds = std::string(MIRRA_TEST_ZOO) + "/ends.so";

Engine isolated_engine(const std::string &plugins, mirra_engine_flags flags = MIRRA_ISOLATION_PROCESS) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = flags | MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = plugins.c_str();
    options.runtime_module = MIRRA_TEST_RUNTIME;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    return engine;
}

/// Whether there is such a process that has not ended.
bool lives(std::int64_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto state = text.rfind(") ");
    return state != std::string::npos && text[state + 2] != 'Z' && text[state + 2] != 'X';
}

bool ends_within(std::int64_t process, milliseconds time) {
    for (const auto until = Clock::now() + time; Clock::now() < until;
         std::this_thread::sleep_for(milliseconds(5)))
        if (!lives(process)) return true;
    return false;
}

void end_worker(const Engine &engine) {
    const std::int64_t process = mirra_engine_process(engine.get());
    if (process > 0) kill(static_cast<pid_t>(process), SIGKILL);
    while (process > 0 && mirra_engine_process(engine.get()) == process)
        std::this_thread::sleep_for(milliseconds(1));
}

std::size_t mapped_shared_memory() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);)
        if (line.find("memfd:mirra") != std::string::npos) ++count;
    return count;
}

/// A session of the task "ends" in a worker, and an image for it.
class Isolation : public ::testing::Test {
  protected:
    Session session(const char *how = "never", std::int32_t tile_size = 16) {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = "ends";
        options.tile_size = tile_size;
        Session made;
        EXPECT_OK(mirra_session_create(engine_.get(), &options, made.out(), error));
        EXPECT_OK(mirra_session_set_text(made.get(), "how", how, error));
        return made;
    }
    mirra_status run(const Session &session, Failure &failure, const mirra_run_options *options = nullptr) {
        return mirra_session_run(session.get(), ports_.data(), ports_.size(), options, nullptr,
                                 failure.out());
    }
    void expect_works(const Session &session) {
        in_.samples.assign(in_.samples.size(), 55);
        Failure failure;
        EXPECT_EQ(MIRRA_OK, run(session, failure)) << message(failure);
        EXPECT_THAT(out_.samples, ::testing::Each(200));
    }
    /// A run in that way, which fails with such a message.
    void expect_ended(const char *how, const char *text) {
        const Session made = session(how);
        const std::int64_t before = mirra_engine_process(engine_.get());
        Failure failure;
        EXPECT_EQ(MIRRA_E_PLUGIN, run(made, failure));
        EXPECT_THAT(message(failure), HasSubstr(text));
        EXPECT_THAT(message(failure), HasSubstr("The next call starts another"));
        EXPECT_OK(mirra_session_set_text(made.get(), "how", "never", error));
        expect_works(made);
        EXPECT_NE(before, mirra_engine_process(engine_.get()));
        EXPECT_FALSE(lives(before));
    }

    Engine engine_ = isolated_engine(kEnds);
    Pixels<std::uint8_t> in_{64, 64, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8},
        out_{64, 64, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    std::array<mirra_port_value, 2> ports_{port("image", in_.image), port("output", out_.image)};
};

TEST_F(Isolation, RunsInAProcessOfItsOwn) {
    const std::int64_t process = mirra_engine_process(engine_.get());
    EXPECT_NE(getpid(), process);
    EXPECT_TRUE(lives(process));
    expect_works(session());
    EXPECT_EQ(process, mirra_engine_process(engine_.get())) << "one for all sessions";
    EXPECT_EQ(0, mirra_engine_process(nullptr));
    engine_ = Engine();
    EXPECT_TRUE(ends_within(process, milliseconds(2000)));
    EXPECT_EQ(0U, mapped_shared_memory());
    EXPECT_EQ(-1, waitpid(-1, nullptr, WNOHANG)) << "no child is left";
}

TEST_F(Isolation, ACrashOfAPluginIsAnError) {
    expect_ended("crash", "Segmentation fault");
}

TEST_F(Isolation, AnAbortOfAPluginIsAnError) {
    expect_ended("abort", "Aborted");
}

TEST_F(Isolation, AnExitOfAPluginIsAnError) {
    expect_ended("exit", "exit code 7");
}

TEST_F(Isolation, SessionsSurviveTheirWorker) {
    const Session crashing = session("crash"), other = session("slow");
    MIRRA_STRUCT(mirra_run_options, options);
    std::atomic<bool> begun{false};
    options.user = &begun;
    options.progress = [](void *user, const mirra_progress *) {
        static_cast<std::atomic<bool> *>(user)->store(true);
        return 0;
    };
    Pixels<std::uint8_t> pixels{256, 256, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    const std::array<mirra_port_value, 2> ports{port("image", pixels.image), port("output", pixels.image)};
    Job job;
    EXPECT_OK(mirra_session_submit(other.get(), ports.data(), ports.size(), &options, job.out(), error));
    while (!begun) std::this_thread::yield();
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run(crashing, failure));
    EXPECT_STATUS(MIRRA_E_PLUGIN, mirra_job_wait(job.get(), -1, nullptr, error));
    MIRRA_STRUCT(mirra_value, how);
    EXPECT_OK(mirra_session_get(other.get(), "how", &how, error));
    EXPECT_STREQ("slow", how.text) << "its parameters are kept";
    expect_works(other);
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(crashing.get(), 64, 64, &plan, error));
    EXPECT_LT(1U, plan.tile_count);
}

TEST_F(Isolation, ARunThatDoesNotStopCostsTheWorkerItsLife) {
    const Session hanging = session("hang");
    Job job;
    EXPECT_OK(mirra_session_submit(hanging.get(), ports_.data(), ports_.size(), nullptr, job.out(), error));
    std::this_thread::sleep_for(milliseconds(100));
    mirra_job_cancel(job.get());
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), 30, nullptr, error));
    EXPECT_OK(mirra_session_set_text(hanging.get(), "how", "never", error));
    expect_works(hanging);
}

TEST_F(Isolation, CancelsAtOnce) {
    const Session slow = session("slow");
    Cancel cancel;
    EXPECT_OK(mirra_cancel_create(cancel.out(), error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.cancel = cancel.get();
    Pixels<std::uint8_t> pixels{1024, 1024, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    const std::array<mirra_port_value, 2> ports{port("image", pixels.image), port("output", pixels.image)};
    Job job;
    EXPECT_OK(mirra_session_submit(slow.get(), ports.data(), ports.size(), &options, job.out(), error));
    std::this_thread::sleep_for(milliseconds(50));
    const auto asked = Clock::now();
    mirra_cancel_request(cancel.get());
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), 30, nullptr, error));
    EXPECT_GT(milliseconds(2000), Clock::now() - asked);
    EXPECT_LT(0, mirra_engine_process(engine_.get())) << "the worker goes on";
}

TEST_F(Isolation, ACancelThatComesBeforeItsRunIsHeard) {
    const Session slow = session("slow");
    const auto process = static_cast<pid_t>(mirra_engine_process(engine_.get()));
    Pixels<std::uint8_t> pixels{1024, 1024, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    const std::array<mirra_port_value, 2> ports{port("image", pixels.image), port("output", pixels.image)};
    for (int i = 0; i < 5; ++i) {
        kill(process, SIGSTOP);
        Job job;
        EXPECT_OK(mirra_session_submit(slow.get(), ports.data(), 2, nullptr, job.out(), error));
        std::this_thread::sleep_for(milliseconds(20));
        mirra_job_cancel(job.get());
        std::this_thread::sleep_for(milliseconds(20));
        kill(process, SIGCONT);
        EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), 5, nullptr, error));
    }
    EXPECT_EQ(process, mirra_engine_process(engine_.get()));
}

TEST_F(Isolation, AProcessThatTheWorkerLeavesBehindHoldsNothingUp) {
    const auto begun = Clock::now();
    expect_ended("fork", "Segmentation fault");
    EXPECT_GT(std::chrono::seconds(8), Clock::now() - begun);
}

TEST_F(Isolation, AJobEndsAlsoWhereItsSessionCannotBeMadeAnew) {
    const Environment hang("MIRRA_TEST_HANG", temporary("hang").c_str());
    engine_ = isolated_engine(kEnds);
    const Session made = session();
    end_worker(engine_);
    std::ofstream(temporary("hang")) << "now";
    Job job;
    EXPECT_OK(mirra_session_submit(made.get(), ports_.data(), 2, nullptr, job.out(), error));
    std::this_thread::sleep_for(milliseconds(200));
    mirra_job_cancel(job.get());
    const mirra_status status = mirra_job_wait(job.get(), 20, nullptr, nullptr);
    EXPECT_THAT(status, AnyOf(MIRRA_E_CANCELLED, MIRRA_E_PLUGIN));
    std::filesystem::remove(temporary("hang"));
    expect_works(made);
}

TEST_F(Isolation, LeavesTheHostsDescriptorsAlone) {
    std::array<int, 2> ends{};
    ASSERT_EQ(0, pipe(ends.data())); // as programs make them that know of no close-on-exec
    const Engine other = isolated_engine(kEnds);
    close(ends[1]);
    char byte = 0;
    EXPECT_EQ(0, read(ends[0], &byte, 1)) << "nobody else writes";
    close(ends[0]);
}

TEST_F(Isolation, FindsItsFilesFromWhereTheHostFoundThem) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(temporary("x")).parent_path() / "a:b", before = fs::current_path();
    fs::create_directories(folder / "plugins");
    fs::copy_file(kEnds, folder / "plugins" / "ends.so", fs::copy_options::overwrite_existing);
    fs::copy_file(MIRRA_TEST_TEMPLATE, folder / "plugins" / "gain.so", fs::copy_options::overwrite_existing);
    fs::current_path(folder);
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_ISOLATION_PROCESS | MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = "plugins";
    options.plugin_skip = "plugins/gain.so";
    EXPECT_OK(mirra_engine_create(&options, engine_.out(), error));
    fs::current_path(before);
    EXPECT_EQ(1U, mirra_engine_task_count(engine_.get()));
    const Session made = session();
    end_worker(engine_);
    expect_works(made);
}

TEST_F(Isolation, AGraphIsCancelledWithItsEngine) {
    const Environment slow("MIRRA_FAKE_DELAY_MS", "300");
    engine_ = isolated_engine(MIRRA_TEST_PLUGINS);
    const Bundle bundle = make_bundle();
    Tensors inputs;
    EXPECT_OK(mirra_tensors_create(inputs.out(), error));
    MIRRA_STRUCT(mirra_graph_info, graph);
    EXPECT_OK(mirra_bundle_graph(bundle.get(), 0, &graph, error));
    std::vector<float> values(8 * 8 * 8, 0.5F);
    for (std::uint32_t i = 0; i < graph.input_count; ++i) {
        std::array<std::int64_t, 4> shape{1, graph.input_channels[i], 8, 8};
        DLTensor tensor{};
        tensor.data = values.data();
        tensor.device = {kDLCPU, 0};
        tensor.ndim = 4;
        tensor.dtype = {kDLFloat, 32, 1};
        tensor.shape = shape.data();
        EXPECT_OK(mirra_tensors_add(inputs.get(), graph.inputs[i], &tensor, error));
    }
    Tensors outputs;
    EXPECT_OK(mirra_graph_run(engine_.get(), bundle.get(), graph.name, nullptr, inputs.get(), outputs.out(),
                              error));
    EXPECT_OK(mirra_engine_shutdown(engine_.get(), 5, error));
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_graph_run(engine_.get(), bundle.get(), graph.name, nullptr,
                                                     inputs.get(), outputs.out(), error));
}

struct Asking {
    mirra_engine *engine = nullptr;
    std::atomic<int> heard{0};
};

TEST_F(Isolation, ALogCallbackMayCallTheEngineWhileAWorkerStarts) {
    Asking asking;
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_ISOLATION_PROCESS | MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = kEnds.c_str();
    options.log_user = &asking;
    options.log = [](void *user, mirra_log_level, const char *) {
        auto &known = *static_cast<Asking *>(user);
        ++known.heard;
        if (known.engine == nullptr) return;
        EXPECT_EQ(0, mirra_engine_process(known.engine)) << "there is none yet";
        MIRRA_STRUCT(mirra_session_options, session);
        session.task = "ends";
        Session made;
        EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_create(known.engine, &session, made.out(), error));
    };
    EXPECT_OK(mirra_engine_create(&options, engine_.out(), error));
    const Session made = session();
    asking.engine = engine_.get();
    const int before = asking.heard;
    end_worker(engine_);
    expect_works(made);
    EXPECT_LT(before, asking.heard.load());
    asking.engine = nullptr;
}

TEST_F(Isolation, AWorkerKilledAtAnyPointIsAnError) {
    std::mt19937 random(7);
    const Session made = session("slow");
    int failed = 0;
    for (int i = 0; i < 40; ++i) {
        const std::int64_t process = mirra_engine_process(engine_.get());
        std::thread killer([process, wait = std::chrono::microseconds(random() % 60000)] {
            std::this_thread::sleep_for(wait);
            if (process > 0) kill(static_cast<pid_t>(process), SIGKILL);
        });
        Failure failure;
        const mirra_status status = run(made, failure);
        EXPECT_THAT(status, AnyOf(MIRRA_OK, MIRRA_E_PLUGIN)) << message(failure);
        if (status != MIRRA_OK) ++failed;
        killer.join();
    }
    EXPECT_LT(0, failed);
    end_worker(engine_);
    expect_works(made);
    EXPECT_EQ(0U, mapped_shared_memory());
}

TEST_F(Isolation, EndsWithItsHost) {
    std::array<int, 2> ends{};
    ASSERT_EQ(0, pipe(ends.data()));
    const pid_t host = fork();
    if (host == 0) {
        const Engine own = isolated_engine(kEnds);
        const std::int64_t process = mirra_engine_process(own.get());
        if (write(ends[1], &process, sizeof(process)) < 0) _exit(1);
        pause();
    }
    std::int64_t process = 0;
    ASSERT_EQ(static_cast<ssize_t>(sizeof(process)), read(ends[0], &process, sizeof(process)));
    EXPECT_TRUE(lives(process));
    kill(host, SIGKILL);
    waitpid(host, nullptr, 0);
    EXPECT_TRUE(ends_within(process, milliseconds(5000)));
    close(ends[0]);
    close(ends[1]);
}

TEST_F(Isolation, AChildOfTheHostStartsAWorkerOfItsOwn) {
    const std::int64_t process = mirra_engine_process(engine_.get());
    const pid_t child = fork(); // no session was made yet
    if (child == 0) {
        const Session made = session();
        Failure failure;
        const bool works = run(made, failure) == MIRRA_OK && mirra_engine_process(engine_.get()) != process;
        _exit(works ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(0, status);
    expect_works(session());
    EXPECT_EQ(process, mirra_engine_process(engine_.get()));
}

TEST_F(Isolation, AChildOfAHostWithSessionsHasNone) {
    const Session made = session();
    const pid_t child = fork();
    if (child == 0) {
        Failure failure;
        const mirra_status status = run(made, failure);
        _exit(status == MIRRA_E_UNSUPPORTED ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(0, status);
    expect_works(made);
}

TEST_F(Isolation, MemoryThatIsRefusedIsAnError) {
    if (std::string(MIRRA_TEST_SANITIZER) != "")
        GTEST_SKIP() << "under sanitizers, which take terabytes of addresses for themselves";
    const Session made = session();
    const auto process = static_cast<pid_t>(mirra_engine_process(engine_.get()));
    const rlimit small{std::size_t{40} << 20, std::size_t{40} << 20};
    ASSERT_EQ(0, prlimit(process, RLIMIT_AS, &small, nullptr));
    Pixels<float> pixels{3000, 3000, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32};
    const std::array<mirra_port_value, 2> ports{port("image", pixels.image), port("output", pixels.image)};
    Failure failure;
    EXPECT_THAT(mirra_session_run(made.get(), ports.data(), 2, nullptr, nullptr, failure.out()),
                AnyOf(MIRRA_E_OUT_OF_MEMORY, MIRRA_E_PLUGIN));
    end_worker(engine_);
    expect_works(made);
}

TEST_F(Isolation, AFileSizeLimitOfTheHostIsAnError) {
    rlimit before{};
    ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &before));
    const Session made = session();
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &none));
    Failure failure;
    const mirra_status status = run(made, failure);
    ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &before));
    EXPECT_EQ(MIRRA_E_OUT_OF_MEMORY, status) << message(failure);
    expect_works(made);
}

TEST(IsolationOfLoading, APluginThatEndsOrBlocksItIsPassedOver) {
    const std::string zoo = std::string(MIRRA_TEST_ZOO) + "/";
    const Engine engine = isolated_engine(zoo + "crashes-in-init.so:" + zoo + "exits-in-init.so:" + zoo +
                                          "hangs-in-init.so:" + zoo + "init-fails.so:" + kEnds);
    std::vector<std::string> reasons;
    for (std::uint32_t i = 0; i < mirra_engine_plugin_count(engine.get()); ++i) {
        MIRRA_STRUCT(mirra_plugin_record, record);
        EXPECT_OK(mirra_engine_plugin(engine.get(), i, &record, error));
        reasons.emplace_back(record.loaded != 0 ? "loaded" : record.reason);
    }
    ASSERT_EQ(5U, reasons.size());
    EXPECT_THAT(reasons[0], HasSubstr("the process that runs the engine's sessions ended ("));
    EXPECT_THAT(reasons[1], HasSubstr("exit code"));
    EXPECT_THAT(reasons[2], HasSubstr("longer than 10 s"));
    EXPECT_THAT(reasons[3], HasSubstr("the zoo is closed"));
    EXPECT_EQ("loaded", reasons[4]);
    EXPECT_EQ(1U, mirra_engine_task_count(engine.get()));
}

TEST(IsolationAuto, IsForProcessesWithAnotherLibTorch) {
    EXPECT_EQ(0, mirra_engine_process(isolated_engine(kEnds, MIRRA_ISOLATION_AUTO).get()));
    void *torch = dlopen(MIRRA_TEST_TINY_TORCH, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(nullptr, torch) << dlerror();
    EXPECT_LT(0, mirra_engine_process(isolated_engine(kEnds, MIRRA_ISOLATION_AUTO).get()));
    dlclose(torch);
}

} // namespace
} // namespace mirra::test
