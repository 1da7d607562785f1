// Forks, exits, threads, floating-point settings and stacks.
#include "process_life.hpp"

#include "mirra/error.hpp"
#include "mirra/forks.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <memory>
#include <system_error>

#include <pthread.h>

namespace mirra::host {
namespace {

constexpr std::size_t kStack = std::size_t{8} << 20;
constexpr std::size_t kStackNeeded = std::size_t{768} << 10;
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::milliseconds kLook{1};

constexpr int kNever = -1;

/// The number of forks at which the runtime was started; those that come later are without its threads.
std::atomic<int> g_started{kNever};
std::atomic<bool> g_ends{false};
std::atomic<int> g_runs{0};

thread_local const Inside *t_innermost = nullptr; ///< a list of its own for each thread

/// exit() may be called by a run's own callback: that run is not waited for.
void await_runs(int, void *) {
    g_ends = true;
    if (in_forked_child()) return;
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (g_runs > Inside::runs() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(kLook);
}

} // namespace

Inside::Inside(Kind kind, const void *which) noexcept : kind_(kind), which_(which), outer_(t_innermost) {
    t_innermost = this;
}

Inside::~Inside() {
    t_innermost = outer_;
}

std::uint32_t Inside::times(const void *which) noexcept {
    std::uint32_t count = 0;
    for (const Inside *each = t_innermost; each != nullptr; each = each->outer_)
        count += each->which_ == which;
    return count;
}

int Inside::runs() noexcept {
    const auto again = [](const Inside &run) {
        for (const Inside *each = run.outer_; each != nullptr; each = each->outer_)
            if (each->which_ == run.which_) return true;
        return false;
    };
    int count = 0;
    for (const Inside *each = t_innermost; each != nullptr; each = each->outer_)
        if (each->kind_ == Kind::run && !again(*each)) ++count;
    return count;
}

void runtime_starts() {
    [[maybe_unused]] static const bool once = [] {
        g_started = forks();
        on_exit(await_runs, nullptr); // atexit is wrapped, see no_destruction.c
        return true;
    }();
}

bool in_forked_child() noexcept {
    return g_started != kNever && g_started != forks();
}

void check_not_forked() {
    if (!in_forked_child()) return;
    throw Error(ErrorCode::unsupported,
                "this process was forked from one that had made sessions, whose threads are not in it",
                "fork", "Fork before the first session, or start the child by exec.");
}

bool process_ends() noexcept {
    return g_ends;
}

RunEnding::RunEnding(const void *run) noexcept : inside_(Inside::Kind::run, run) {
    ++g_runs;
}

RunEnding::~RunEnding() {
    --g_runs;
}

// Counted before the look: exit() looks at them in the other order.
RunUnderWay::RunUnderWay(const void *run) : counted_(run) {
    if (g_ends) throw Error(ErrorCode::cancelled, "the process ends");
}

PlainArithmetic::PlainArithmetic() noexcept {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
}

PlainArithmetic::~PlainArithmetic() {
    std::fesetenv(&before_);
}

namespace {

void *call(void *argument) {
    const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()> *>(argument));
    (*body)();
    return nullptr;
}

/// What is left of this thread's stack; as much as there can be if that cannot be told.
std::size_t stack_left() {
    static thread_local const std::uintptr_t lowest = [] {
        pthread_attr_t attributes;
        void *address = nullptr;
        std::size_t size = 0;
        if (pthread_getattr_np(pthread_self(), &attributes) != 0) return std::uintptr_t{0};
        pthread_attr_getstack(&attributes, &address, &size);
        pthread_attr_destroy(&attributes);
        return reinterpret_cast<std::uintptr_t>(address);
    }();
    const char here = 0;
    return reinterpret_cast<std::uintptr_t>(&here) - lowest;
}

} // namespace

QuietThread::QuietThread(std::function<void()> body) {
    auto owned = std::make_unique<std::function<void()>>(std::move(body));
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStack);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int status = pthread_create(&thread_, &attributes, call, owned.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (status != 0)
        throw Error(ErrorCode::limit, "cannot start a thread: " + std::generic_category().message(status),
                    "threads", "Raise the process's limits of threads and memory.");
    static_cast<void>(owned.release());
}

void QuietThread::join() {
    if (pthread_join(thread_, nullptr) == EDEADLK) pthread_detach(thread_); // its own thread's last act
}

void QuietThread::detach() {
    pthread_detach(thread_);
}

void with_enough_stack(const std::function<void()> &body) {
    if (stack_left() >= kStackNeeded) return body();
    auto failure = std::make_exception_ptr(Error(ErrorCode::cancelled, "a callback ended the thread"));
    QuietThread thread([&] {
        try {
            body();
            failure = nullptr;
        } catch (abi::__forced_unwind &) {
            throw;
        } catch (...) {
            failure = std::current_exception();
        }
    });
    thread.join();
    if (failure) std::rethrow_exception(failure);
}

} // namespace mirra::host
