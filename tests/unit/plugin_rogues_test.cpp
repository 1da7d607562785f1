// Plugins that use the host's functions against the rules: each gets an error code, and the host is unharmed.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

std::string rogue(const std::string &name) {
    return std::string(MIRRA_TEST_ZOO) + "/" + name + ".so";
}

struct Answer {
    mirra_status status = MIRRA_OK;
    std::string message, answers;
};

std::string text_of(const Result &result, const char *name) {
    MIRRA_STRUCT(mirra_value, value);
    const mirra_status status = mirra_result_find(result.get(), name, &value, nullptr);
    return status == MIRRA_OK && value.text != nullptr ? value.text : "";
}

/// A run of the rogue's task on 40 x 40 pixels in four tiles.
Answer run_rogue(const std::string &name, std::uint64_t memory_limit = 0) {
    const Engine engine = make_engine(rogue(name).c_str());
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = name.c_str();
    options.tile_size = 20;
    options.memory_limit = memory_limit;
    Session session;
    Failure failure;
    Answer answer;
    answer.status = mirra_session_create(engine.get(), &options, session.out(), failure.out());
    EXPECT_EQ(MIRRA_OK, answer.status) << message(failure);
    if (answer.status != MIRRA_OK) return answer;
    Pixels<std::uint8_t> in(40, 40, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    in.samples.assign(in.samples.size(), 51);
    Pixels<std::uint8_t> out(40, 40, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Result result;
    answer.status = run(session, in.image, out.image, failure.out(), nullptr, result.out());
    answer.message = message(failure);
    if (answer.status == MIRRA_OK) {
        answer.answers = text_of(result, "answers");
        EXPECT_EQ(in.samples, out.samples) << name;
    }
    return answer;
}

struct Case {
    const char *name;
    mirra_status status;
    const char *says; ///< in the message, or, where the run goes on, the answers to the last tile
};

class PluginRogues : public ::testing::TestWithParam<Case> {};

TEST_P(PluginRogues, GetsAnErrorAndHarmsNothing) {
    const Answer answer = run_rogue(GetParam().name);
    EXPECT_STREQ(mirra_status_name(GetParam().status), mirra_status_name(answer.status)) << answer.message;
    if (answer.status == MIRRA_OK)
        EXPECT_EQ(GetParam().says, answer.answers);
    else
        EXPECT_THAT(answer.message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Runs, PluginRogues,
    ::testing::Values(
        Case{"releases-input", MIRRA_E_PLUGIN, "released its input"},
        Case{"gives-twice", MIRRA_E_PLUGIN, "released or gave away before"},
        Case{"releases-twice", MIRRA_OK, "invalid_argument"},
        Case{"made-up-handles", MIRRA_OK,
             "invalid_argument invalid_argument invalid_argument invalid_argument invalid_argument "
             "invalid_argument"},
        Case{"keeps-context", MIRRA_OK, "invalid_argument invalid_argument"},
        Case{"keeps-input", MIRRA_OK, "invalid_argument"},
        Case{"foreign-error", MIRRA_E_PLUGIN, "an error object that is not the host's"},
        Case{"freed-error", MIRRA_E_PLUGIN, "an error object that is not the host's"},
        Case{"wrong-results", MIRRA_OK,
             "invalid_argument invalid_argument invalid_argument invalid_argument invalid_argument "
             "invalid_argument ok"},
        Case{"not-set", MIRRA_E_PLUGIN, "did not give its result 'score'"},
        Case{"part-at-the-end", MIRRA_OK, "mismatch mismatch mismatch ok"},
        Case{"huge-result", MIRRA_OK, "out_of_memory"}, Case{"late-task", MIRRA_OK, "plugin"},
        Case{"run-function-in-configure", MIRRA_OK, "invalid_argument"},
        Case{"through-thread", MIRRA_OK, ""}),
    [](const auto &rogue) {
        std::string name = rogue.param.name;
        std::erase(name, '-');
        return name;
    });

TEST(PluginRogueMemory, TensorsOfItsOwnThreadsCountAgainstTheLimit) {
    const Answer within = run_rogue("own-threads");
    EXPECT_EQ(MIRRA_OK, within.status) << within.message;
    // 40 tensors of 20 x 20 x 3 floats; the task states room for two.
    EXPECT_EQ(MIRRA_E_BUDGET, run_rogue("own-threads", 100'000).status);
}

TEST(PluginRogueProcess, RoundingAndFlushingStayTheHosts) {
    const int before = std::fegetround();
    EXPECT_EQ(MIRRA_OK, run_rogue("rounds-up").status);
    EXPECT_EQ(before, std::fegetround());
    volatile double denormal = 1e-310;
    EXPECT_GT(denormal * 0.5, 0) << "denormal numbers are flushed";
}

/// What an engine says, from any thread.
struct Heard {
    std::mutex mutex;
    std::vector<std::pair<std::int32_t, std::string>> lines;
    static void hear(void *user, std::int32_t level, const char *text) {
        auto &heard = *static_cast<Heard *>(user);
        const std::lock_guard lock(heard.mutex);
        heard.lines.emplace_back(level, text);
    }
    std::size_t count() {
        const std::lock_guard lock(mutex);
        return lines.size();
    }
};

Engine listening_engine(Heard &heard, const std::string &plugins) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = plugins.c_str();
    options.runtime_module = MIRRA_TEST_RUNTIME;
    options.log = Heard::hear;
    options.log_user = &heard;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    return engine;
}

TEST(PluginRogueTable, StaysValidWhereInitFailedOrIdOrTaskIsTaken) {
    for (const char *name : {"loud-init-fails", "loud-task-taken", "loud-id-taken"}) {
        std::size_t after = 0;
        {
            const auto heard = std::make_unique<Heard>();
            Engine engine = listening_engine(*heard, std::string(MIRRA_TEST_PLUGINS) + ":" + rogue(name));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            const bool displaced = std::string(name) == "loud-task-taken"; // had by its full name
            EXPECT_EQ(displaced ? 6U : 5U, mirra_engine_task_count(engine.get())) << name;
            engine.out();
            after = heard->count();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            EXPECT_EQ(after, heard->count()) << "a plugin of an engine that is gone is not heard";
        }
        // What the thread would log to is freed now; AddressSanitizer looks.
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
    }
}

TEST(PluginRogueTable, EnginesOneAfterTheOtherUseOneTable) {
    // Tables are never freed: a host that makes an engine for each picture must not pay for it.
    std::set<std::string> places;
    for (int i = 0; i < 20; ++i) {
        const Engine engine = make_engine(rogue("says-table").c_str());
        MIRRA_STRUCT(mirra_task_info, info);
        EXPECT_OK(mirra_engine_task(engine.get(), 0, &info, error));
        places.insert(info.doc);
    }
    EXPECT_EQ(1U, places.size());
}

/// What a callback does from a thread of the plugin's own, once there is something to do it with.
template<class Handle> struct FromPluginThread {
    std::atomic<Handle *> handle{nullptr};
    std::atomic<std::thread::id> runs; ///< the thread that is not meant
    std::atomic<mirra_status> waited{MIRRA_OK};
    std::atomic<bool> done{false};

    /// Fails the process where it never comes back: it would hang with the test.
    void expect_done() const {
        for (int i = 0; i < 2000 && !done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        if (done) return;
        ADD_FAILURE() << "the callback waits for itself";
        std::_Exit(1);
    }
};

void end_job(FromPluginThread<mirra_job> &self) {
    while (self.handle == nullptr && !self.done) std::this_thread::yield();
    if (self.runs == std::this_thread::get_id()) return;
    if (mirra_job *const job = self.handle.exchange(nullptr); job != nullptr) {
        self.waited = mirra_job_wait(job, -1, nullptr, nullptr);
        mirra_job_destroy(job);
        self.done = true;
    }
}

/// A job of a task whose plugin reports from threads of its own.
void run_through_thread(FromPluginThread<mirra_job> &self, const mirra_engine_options &more,
                        const mirra_run_options &run_options) {
    mirra_engine_options options = more;
    const std::string file = rogue("through-thread");
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = file.c_str();
    options.runtime_module = MIRRA_TEST_RUNTIME;
    self.done = true; // nothing is to be done while the engine is made
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    MIRRA_STRUCT(mirra_session_options, session_options);
    session_options.task = "through-thread";
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &session_options, session.out(), error));
    self.done = false;
    Pixels<std::uint8_t> pixels(40, 40, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
    mirra_job *job = nullptr;
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, &run_options, &job, error));
    self.handle = job;
    self.expect_done();
    EXPECT_EQ(MIRRA_E_BUSY, self.waited);
    while (mirra_session_set_text(session.get(), "level", "1", nullptr) == MIRRA_E_BUSY)
        std::this_thread::sleep_for(std::chrono::milliseconds(1)); // the pixels are still in use
}

TEST(PluginRogueJob, EndsInItsCallbackOnAThreadOfThePlugins) {
    FromPluginThread<mirra_job> self;
    MIRRA_STRUCT(mirra_engine_options, engine_options);
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = [](void *user, const mirra_progress *progress) -> std::int32_t {
        auto &callback = *static_cast<FromPluginThread<mirra_job> *>(user);
        if (std::string_view(progress->stage) == "prepare") callback.runs = std::this_thread::get_id();
        end_job(callback);
        return 0;
    };
    options.user = &self;
    run_through_thread(self, engine_options, options);
}

TEST(PluginRogueJob, EndsInTheLogCallbackOnAThreadOfThePlugins) {
    FromPluginThread<mirra_job> self;
    MIRRA_STRUCT(mirra_engine_options, options);
    MIRRA_STRUCT(mirra_run_options, run_options);
    options.log = [](void *user, std::int32_t, const char *) {
        end_job(*static_cast<FromPluginThread<mirra_job> *>(user));
    };
    options.log_user = &self;
    run_through_thread(self, options, run_options);
}

TEST(PluginRogueTable, AnEngineEndsInItsOwnLogCallback) {
    FromPluginThread<mirra_engine> self;
    const std::string file = rogue("loud");
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = file.c_str();
    options.log = [](void *user, std::int32_t, const char *) {
        auto &callback = *static_cast<FromPluginThread<mirra_engine> *>(user);
        if (mirra_engine *const engine = callback.handle.exchange(nullptr); engine != nullptr) {
            mirra_engine_destroy(engine);
            callback.done = true;
        }
    };
    options.log_user = &self;
    mirra_engine *engine = nullptr;
    EXPECT_OK(mirra_engine_create(&options, &engine, error));
    self.handle = engine;
    self.expect_done();
}

TEST(PluginRogueTable, AChildOfForkDoesNotWaitForAThreadOfItsParents) {
    struct Stay {
        std::thread::id own = std::this_thread::get_id();
        std::atomic<bool> inside{false}, leave{false};
    } stay;
    const std::string file = rogue("loud");
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = file.c_str();
    options.log = [](void *user, std::int32_t, const char *) {
        auto &at = *static_cast<Stay *>(user);
        if (std::this_thread::get_id() == at.own) return;
        at.inside = true;
        while (!at.leave) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    options.log_user = &stay;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    while (!stay.inside) std::this_thread::yield();
    const pid_t child = fork();
    if (child == 0) {
        engine.out(); // destroys it
        _exit(0);
    }
    int status = -1;
    for (int i = 0; i < 2000 && waitpid(child, &status, WNOHANG) == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(0, status) << "it hangs";
    kill(child, SIGKILL);
    stay.leave = true;
}

TEST(PluginNames, EachFileIsNamedBeforeAnythingOfItRuns) {
    Heard heard;
    const Engine engine = listening_engine(heard, rogue("init-fails"));
    ASSERT_LE(2U, heard.lines.size());
    EXPECT_EQ(MIRRA_LOG_INFO, heard.lines[0].first);
    EXPECT_EQ("loading the plugin " + rogue("init-fails"), heard.lines[0].second);
    EXPECT_THAT(heard.lines[1].second, HasSubstr("passed over"));
}

TEST(PluginNames, TheListenerHearsOfEachFileBeforeAnythingElse) {
    struct Order {
        std::vector<std::string> heard;
        static void load(void *user, const char *path) {
            static_cast<Order *>(user)->heard.push_back(std::string("file ") + path);
        }
        static void log(void *user, std::int32_t, const char *) {
            static_cast<Order *>(user)->heard.emplace_back("line");
        }
    } order;
    MIRRA_STRUCT(mirra_engine_options, options);
    const std::string path = rogue("init-fails") + ":" + rogue("latin-texts");
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = path.c_str();
    options.log = Order::log;
    options.loading = Order::load;
    options.log_user = options.loading_user = &order;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    ASSERT_LE(2U, order.heard.size());
    EXPECT_EQ("file " + rogue("init-fails"), order.heard.front());
    std::erase(order.heard, "line");
    EXPECT_THAT(order.heard,
                ::testing::ElementsAre("file " + rogue("init-fails"), "file " + rogue("latin-texts")));
}

TEST(PluginNames, TextsOfPluginsAreUtf8AndLevelsAreKnown) {
    Heard heard;
    const Engine engine = listening_engine(heard, rogue("latin-texts"));
    EXPECT_THAT(mirra_engine_schema_json(engine.get()), HasSubstr("caf\xef\xbf\xbd"));
    MIRRA_STRUCT(mirra_param_info, param);
    EXPECT_OK(mirra_engine_param(engine.get(), "latin-texts", 0, &param, error));
    EXPECT_STREQ("caf\xef\xbf\xbd", param.doc);
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "latin-texts";
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Result result;
    EXPECT_OK(run(session, in.image, in.image, error, nullptr, result.out()));
    EXPECT_EQ("caf\xef\xbf\xbd", text_of(result, "latin"));
    EXPECT_EQ(std::pair(std::int32_t{MIRRA_LOG_ERROR}, std::string("caf\xef\xbf\xbd")), heard.lines.back());
}

class PluginDescriptions : public ::testing::TestWithParam<std::pair<const char *, const char *>> {};

TEST_P(PluginDescriptions, IsPassedOver) {
    const Engine engine = make_engine(rogue(GetParam().first).c_str());
    MIRRA_STRUCT(mirra_plugin_record, record);
    ASSERT_EQ(1U, mirra_engine_plugin_count(engine.get()));
    EXPECT_OK(mirra_engine_plugin(engine.get(), 0, &record, error));
    EXPECT_EQ(0, record.loaded);
    EXPECT_THAT(record.reason, HasSubstr(GetParam().second));
}

INSTANTIATE_TEST_SUITE_P(Descriptions, PluginDescriptions,
                         ::testing::Values(std::pair("name-dash", "the name '-'"),
                                           std::pair("name-help", "the name '--help'"),
                                           std::pair("param-dash", "the name '-'"),
                                           std::pair("param-underscore", "the name '_level'"),
                                           std::pair("param-trailing", "the name 'level-'"),
                                           std::pair("null-choice", "empty or NULL"),
                                           std::pair("same-choice", "the choice 'a' twice"),
                                           std::pair("nan-range", "not finite"),
                                           std::pair("infinite-range", "not finite"),
                                           std::pair("long-text", "longer than 65535 bytes")));

} // namespace
} // namespace mirra::test
