// A host whose process does what processes do. MODE is its argument; it ends with 0 where all is as it should
// be.
#include "run.hpp"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <locale>
#include <map>
#include <string>
#include <thread>

#include <dirent.h>
#include <fstream>
#include <omp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using life::make_engine;
using life::make_session;
using life::Work;

int fail(const char *what) {
    std::printf("FAIL: %s\n", what);
    return 1;
}

mirra_session *session_or_exit(std::int32_t threads = 2) {
    mirra_engine *engine = make_engine();
    mirra_session *session = nullptr;
    if (engine == nullptr || make_session(engine, threads, &session) != MIRRA_OK) std::_Exit(9);
    return session;
}

/// Not freed: the process ends while it is in use.
Work &endless_work(mirra_progress_callback progress = nullptr) {
    return *new Work(900, progress);
}

int exit_during_job(bool quick) {
    mirra_job *job = nullptr;
    if (endless_work().submit(session_or_exit(), &job) != MIRRA_OK) return fail("submit");
    usleep(200'000);
    if (quick) std::quick_exit(0);
    return 0;
}

int exit_during_run() {
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void *session) -> void * {
            endless_work().run(static_cast<mirra_session *>(session));
            return nullptr;
        },
        session_or_exit());
    usleep(200'000);
    return 0;
}

int exit_in_callback() {
    endless_work([](void *, const mirra_progress *) -> std::int32_t { std::exit(0); }).run(session_or_exit());
    return fail("exit did not end the process");
}

std::atomic<int> g_done{0}; ///< 1: it has begun, 2: it has returned

/// Registered before the library's own, and so called after it.
void look_at_done() {
    if (g_done == 2) return;
    fail("the process went on without `done`");
    _exit(1);
}

/// Waits for a callback that is under way, which touches what the end of the process takes down.
int exit_during_done() {
    std::atexit(look_at_done);
    mirra_job *job = nullptr;
    Work &work = *new Work(64);
    work.options().done = [](void *, mirra_status) {
        g_done = 1;
        usleep(300'000);
        std::printf("done\n");
        g_done = 2;
    };
    if (work.submit(session_or_exit(), &job) != MIRRA_OK) return fail("submit");
    while (g_done == 0) usleep(1000);
    return 0;
}

int exit_in_done() {
    mirra_job *job = nullptr;
    Work &work = *new Work(64);
    work.options().done = [](void *, mirra_status) { std::exit(0); };
    if (work.submit(session_or_exit(), &job) != MIRRA_OK) return fail("submit");
    mirra_job_wait(job, -1, nullptr, nullptr);
    usleep(10'000'000);
    return fail("exit did not end the process");
}

/// As a language does whose interpreter has ended.
int thread_ends_in_callback() {
    mirra_session *session = session_or_exit();
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void *used) -> void * {
            endless_work([](void *, const mirra_progress *) -> std::int32_t {
                pthread_exit(nullptr);
            }).run(static_cast<mirra_session *>(used));
            return nullptr;
        },
        session);
    pthread_join(thread, nullptr);
    mirra_job *job = nullptr;
    Work &endless =
        endless_work([](void *, const mirra_progress *) -> std::int32_t { pthread_exit(nullptr); });
    static std::atomic<int> after{0};
    endless.options().done = [](void *, mirra_status) { ++after; };
    endless.options().user_free = [](void *) { ++after; };
    if (endless.submit(session, &job) != MIRRA_OK) return fail("the session is still busy");
    if (mirra_job_wait(job, -1, nullptr, nullptr) != MIRRA_E_CANCELLED) return fail("the job's status");
    mirra_job_destroy(job);
    if (after != 0) return fail("a callback followed on a thread that had ended");
    Work last(64);
    last.options().done = [](void *, mirra_status) { pthread_exit(nullptr); };
    last.options().user_free = [](void *) { ++after; };
    if (last.submit(session, &job) != MIRRA_OK) return fail("the session is busy after such a job");
    if (mirra_job_wait(job, -1, nullptr, nullptr) != MIRRA_OK) return fail("the last job's status");
    mirra_job_destroy(job);
    if (after != 0) return fail("a callback followed on a thread that ended in done");
    Work work(64);
    return work.run(session) != MIRRA_OK;
}

/// The child's status, or -1 if it hung or crashed.
int end_of(pid_t child) {
    for (int waited = 0; waited < 30'000; ++waited, usleep(1000)) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return -1;
}

template<class Body> int in_child(const Body &body) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) _exit(body() & 0x7f);
    return end_of(child);
}

int fork_before_session() {
    mirra_engine *engine = make_engine();
    return in_child([&] {
        mirra_session *session = nullptr;
        Work work(64);
        return make_session(engine, 2, &session) != MIRRA_OK || work.run(session) != MIRRA_OK;
    });
}

int fork_after_run() {
    mirra_engine *engine = make_engine();
    mirra_session *session = nullptr;
    mirra_job *job = nullptr;
    Work work(64);
    if (make_session(engine, 2, &session) != MIRRA_OK || work.run(session) != MIRRA_OK) return fail("parent");
    mirra_session *busy = session_or_exit();
    endless_work().submit(busy, &job);
    const int child = in_child([&] {
        mirra_session *other = nullptr;
        bool right = work.run(session) == MIRRA_E_UNSUPPORTED && work.run(busy) == MIRRA_E_UNSUPPORTED &&
                     make_session(engine, 1, &other) == MIRRA_E_UNSUPPORTED &&
                     make_session(make_engine(), 1, &other) == MIRRA_E_UNSUPPORTED &&
                     mirra_job_wait(job, -1, nullptr, nullptr) == MIRRA_E_UNSUPPORTED;
        mirra_job_destroy(job);
        mirra_session_destroy(session);
        mirra_engine_destroy(engine);
        return right ? 0 : 1;
    });
    mirra_job_destroy(job);
    return child != 0 || work.run(session) != MIRRA_OK;
}

/// Forks over and over while other threads do `body`, and does it once in each child.
int fork_beside(int (*body)()) {
    constexpr int kForks = 300;
    for (int i = 0; i < 2; ++i)
        std::thread([body] {
            for (;;) body();
        }).detach();
    for (int i = 0; i < kForks; ++i)
        if (const int child = in_child(body); child != 0) {
            std::printf("FAIL: child %d: %d (-1: it hangs)\n", i, child);
            return 1;
        }
    return 0;
}

int meets_error() {
    mirra_error *error = nullptr;
    const bool right = mirra_file_check_write("", &error) == MIRRA_E_INVALID_ARGUMENT;
    mirra_error_destroy(error);
    return right ? 0 : 1;
}

int makes_engine() {
    mirra_engine *engine = make_engine();
    const bool right = engine != nullptr && mirra_engine_task_count(engine) > 0;
    mirra_engine_destroy(engine);
    return right ? 0 : 1;
}

/// A child of a thread that forks while another one loads plugins, at many moments of that, loads them too.
int fork_while_loading() {
    constexpr useconds_t kStep = 10, kEnd = 3000;
    for (useconds_t moment = 0; moment < kEnd; moment += kStep) {
        const int status = in_child([moment] {
            std::thread(makes_engine).detach();
            usleep(moment);
            return in_child(makes_engine);
        });
        if (status == 0) continue;
        std::printf("FAIL: after %u microseconds: %d\n", moment, status);
        return 1;
    }
    return 0;
}

int load_what_forks() {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.plugin_path = MIRRA_LIFE_FORKS;
    mirra_engine *engine = nullptr;
    mirra_error *error = nullptr;
    const mirra_status status = mirra_engine_create(&options, &engine, &error);
    mirra_engine_destroy(engine);
    return life::report(status, error, "engine") != MIRRA_OK;
}

/// By Little CMS, which has locks of its own.
int converts_picture() {
    mirra_picture *picture = nullptr;
    mirra_error *error = nullptr;
    mirra_status status = mirra_image_read(MIRRA_LIFE_PICTURE, nullptr, &picture, &error);
    if (status == MIRRA_OK) status = mirra_picture_to_srgb(picture, &error);
    mirra_picture_destroy(picture);
    return life::report(status, error, "picture") != MIRRA_OK;
}

/// The child comes back from the callback, too: its run ends, and does not wait for threads that it lacks.
int fork_in_callback() {
    static pid_t child = -1;
    mirra_session *session = session_or_exit();
    Work work(900, [](void *, const mirra_progress *progress) -> std::int32_t {
        if (child < 0 && progress->fraction > 0) child = fork();
        return 0;
    });
    const mirra_status status = work.run(session);
    if (child == 0) _exit(status == MIRRA_E_UNSUPPORTED ? 0 : 1);
    if (child < 0) return fail("the callback did not fork");
    return status != MIRRA_OK || end_of(child) != 0;
}

int openmp() {
    omp_set_num_threads(7);
    mirra_session *session = session_or_exit(1);
    Work work(128);
    if (work.run(session) != MIRRA_OK || work.run(session_or_exit(2)) != MIRRA_OK) return 1;
    int count = 0;
#pragma omp parallel
#pragma omp atomic
    ++count;
    std::printf("threads of the host: %d, in its region %d\n", omp_get_max_threads(), count);
    return omp_get_max_threads() != 7 || count != 7;
}

int arithmetic() {
    mirra_session *session = session_or_exit(1);
    Work plain(128), other(128);
    if (plain.run(session) != MIRRA_OK) return 1;
    std::fesetround(FE_TOWARDZERO);
    feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT);
    mirra_session *late = session_or_exit(2);
    const bool ran = other.run(late) == MIRRA_OK && other.run(session) == MIRRA_OK;
    const bool kept = std::fegetround() == FE_TOWARDZERO && (fegetexcept() & FE_INVALID) != 0;
    fedisableexcept(FE_ALL_EXCEPT);
    if (!kept) return fail("the host's settings were changed");
    return !ran || plain.results() != other.results();
}

struct Comma final : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

int comma() {
    mirra_engine *engine = make_engine();
    const std::string before = mirra_engine_schema_json(engine);
    std::locale::global(std::locale(std::locale::classic(), new Comma));
    if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) std::printf("no German locale of C\n");
    mirra_session *session = session_or_exit();
    mirra_error *error = nullptr;
    if (before != mirra_engine_schema_json(make_engine())) return fail("schema");
    if (mirra_session_set_text(session, "sigma", "12.5", nullptr) != MIRRA_OK) return fail("12.5");
    if (mirra_session_set_text(session, "sigma", "12,5", nullptr) == MIRRA_OK) return fail("12,5");
    mirra_value value{sizeof value, MIRRA_TYPE_FLOAT, 0, 1234.5, nullptr};
    if (mirra_session_set(session, "sigma", &value, &error) == MIRRA_OK) return fail("1234.5");
    const std::string message = mirra_error_message(error);
    std::printf("%s\n", message.c_str());
    if (message.find("1234.5") == message.npos) return fail("a number in a message");
    MIRRA_STRUCT(mirra_plan, plan);
    Work work(64);
    if (mirra_session_plan(session, 64, 64, &plan, nullptr) != MIRRA_OK) return fail("plan");
    return std::strchr(plan.precision_reason, ',') != nullptr || work.run(session) != MIRRA_OK;
}

/// All of it on a thread with that little stack.
int small_stack(std::size_t kilobytes) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kilobytes << 10);
    pthread_t thread;
    void *result = nullptr;
    const auto body = [](void *) -> void * {
        mirra_session *session = session_or_exit();
        Work work(256);
        mirra_job *job = nullptr;
        MIRRA_STRUCT(mirra_plan, plan);
        bool right = mirra_session_plan(session, 256, 256, &plan, nullptr) == MIRRA_OK &&
                     work.run(session) == MIRRA_OK && work.submit(session, &job) == MIRRA_OK &&
                     mirra_job_wait(job, -1, nullptr, nullptr) == MIRRA_OK;
        mirra_job_destroy(job);
        mirra_session_destroy(session);
        return reinterpret_cast<void *>(static_cast<std::intptr_t>(right ? 0 : 1));
    };
    if (pthread_create(&thread, &attributes, body, nullptr) != 0) return fail("thread");
    pthread_join(thread, &result);
    return result != nullptr;
}

/// Every thread but this one takes no signal that can be blocked.
int signals() {
    mirra_session *session = session_or_exit();
    mirra_job *job = nullptr;
    endless_work().submit(session, &job);
    usleep(200'000);
    const std::string own = std::to_string(getpid());
    int others = 0, wrong = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const dirent *each = readdir(tasks); each != nullptr; each = readdir(tasks)) {
        if (each->d_name[0] == '.' || own == each->d_name) continue;
        std::ifstream status(std::string("/proc/self/task/") + each->d_name + "/status");
        for (std::string line; std::getline(status, line);)
            // 1 to 31 but KILL and STOP
            if (line.starts_with("SigBlk:") &&
                (std::stoull(line.substr(8), nullptr, 16) & 0x7ffbfeff) != 0x7ffbfeff)
                ++wrong;
        ++others;
    }
    closedir(tasks);
    std::printf("%d threads, %d of them take signals\n", others, wrong);
    mirra_job_destroy(job);
    return others == 0 || wrong != 0;
}

int removed_folder() {
    char folder[] = "/tmp/mirra-life-XXXXXX";
    if (mkdtemp(folder) == nullptr || chdir(folder) != 0 || rmdir(folder) != 0) return fail("folder");
    Work work(64);
    return work.run(session_or_exit()) != MIRRA_OK;
}

/// As a user who may have no more threads.
int few_threads() {
    mirra_session *one = session_or_exit(1), *many = session_or_exit(16);
    Work work(64);
    if (work.run(one) != MIRRA_OK) return 1;
    const rlimit none{1, 1};
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || (geteuid() == 0 && setresuid(65533, 65533, 65533) != 0))
        return fail("limits");
    mirra_job *job = nullptr;
    const bool right = work.run(many) == MIRRA_E_LIMIT && work.submit(one, &job) == MIRRA_E_LIMIT &&
                       work.run(one) == MIRRA_OK;
    return right ? 0 : 1;
}

/// A session, then a run, in little address space: each works or gives a code.
int little_memory() {
    mirra_session *session = session_or_exit();
    Work work(64), large(3000);
    if (work.run(session) != MIRRA_OK) return 1;
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    file >> pages;
    const rlim_t now = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{24} << 20);
    const rlimit limit{now, now};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return fail("limit");
    const mirra_status status = large.run(session);
    mirra_session *other = nullptr;
    const mirra_status second = make_session(make_engine(), 16, &other);
    return status != MIRRA_E_OUT_OF_MEMORY || second == MIRRA_E_INTERNAL || work.run(session) != MIRRA_OK;
}

double median_of_runs(mirra_session *session) {
    std::vector<double> times;
    Work work(64); // smaller ones use one thread
    work.run(session);
    for (int i = 0; i < 25; ++i) {
        timespec a{}, b{};
        clock_gettime(CLOCK_MONOTONIC, &a);
        work.run(session);
        clock_gettime(CLOCK_MONOTONIC, &b);
        times.push_back(static_cast<double>(b.tv_sec - a.tv_sec) * 1e3 +
                        static_cast<double>(b.tv_nsec - a.tv_nsec) / 1e6);
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

/// Beside busy processes, small pictures on two threads take little more than on one.
int busy_neighbours() {
    std::vector<pid_t> busy;
    for (long i = sysconf(_SC_NPROCESSORS_ONLN); i > 0; --i) {
        busy.push_back(fork());
        if (busy.back() == 0)
            for (;;) asm volatile("");
    }
    const double one = median_of_runs(session_or_exit(1)), all = median_of_runs(session_or_exit(0));
    for (const pid_t each : busy) {
        kill(each, SIGKILL);
        waitpid(each, nullptr, 0);
    }
    std::printf("median of 64x64: %.2f ms on one thread, %.2f ms on all\n", one, all);
    return all > 10 * one + 20;
}

/// Threads that wait for the next run take no time of a processor.
int idle_threads() {
    constexpr int kRuns = 20;
    constexpr double kMost = 0.4; // ms a run; a wait that is busy takes 1 and more
    mirra_session *session = session_or_exit();
    Work work(64);
    work.run(session);
    double idle = 0;
    for (int i = 0; i < kRuns; ++i) {
        work.run(session);
        const std::clock_t before = std::clock();
        usleep(50'000);
        idle += 1e3 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    }
    std::printf("%.2f ms of work while nothing ran, after each run\n", idle / kRuns);
    return idle > kMost * kRuns;
}

int loaded() {
    mirra_engine *engine = make_engine();
    MIRRA_STRUCT(mirra_runtime_info, info);
    mirra_error *error = nullptr;
    if (life::report(mirra_engine_runtime(engine, &info, &error), error, "runtime") != MIRRA_OK) return 1;
    std::printf("%s|%s|%s|%s|%s\n", info.version, info.libtorch_path, info.libtorch_origin, info.path,
                info.reason);
    return info.usable != 1;
}

} // namespace

int main(int count, char **arguments) {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    const std::map<std::string, int (*)()> modes{
        {"exit-job", [] { return exit_during_job(false); }},
        {"quick-exit", [] { return exit_during_job(true); }},
        {"exit-run", exit_during_run},
        {"exit-callback", exit_in_callback},
        {"exit-beside-done", exit_during_done},
        {"exit-done", exit_in_done},
        {"thread-ends", thread_ends_in_callback},
        {"fork-before", fork_before_session},
        {"fork-after", fork_after_run},
        {"fork-errors", [] { return fork_beside(meets_error); }},
        {"fork-loading", fork_while_loading},
        {"fork-as-loaded", load_what_forks},
        {"fork-engines", [] { return fork_beside(makes_engine); }},
        {"fork-pictures", [] { return fork_beside(converts_picture); }},
        {"fork-callback", fork_in_callback},
        {"openmp", openmp},
        {"arithmetic", arithmetic},
        {"comma", comma},
        {"stack-128", [] { return small_stack(128); }},
        {"stack-512", [] { return small_stack(512); }},
        {"signals", signals},
        {"removed-folder", removed_folder},
        {"few-threads", few_threads},
        {"little-memory", little_memory},
        {"busy-neighbours", busy_neighbours},
        {"idle-threads", idle_threads},
        {"loaded", loaded},
    };
    const auto mode = modes.find(count == 2 ? arguments[1] : "");
    return mode == modes.end() ? 2 : mode->second();
}
