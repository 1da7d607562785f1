// The process that runs an engine's sessions, as the host's process has it.
#include "worker_link.hpp"

#include "messages.hpp"
#include "mirra/forks.hpp"
#include "shared_memory.hpp"

#include <array>
#include <cstring>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace mirra::isolation {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGoodbye{2000}; ///< for its sessions to be given back
constexpr milliseconds kDying{500};    ///< between its sockets' end and its own

SharedMemory memory_of(const bundle::Bundle &bundle) {
    const auto bytes = bundle::tensor_bytes(bundle.file().tensors(), bundle.file().metadata());
    SharedMemory memory(bytes.size());
    std::memcpy(memory.bytes().data(), bytes.data(), bytes.size());
    return memory;
}

} // namespace

struct WorkerLink::State {
    State(const std::filesystem::path &program, host::Log callback, const void *plugins)
        : log(std::move(callback))
        , inside(plugins)
        , process([&] {
            const ForkPause pause; // no child has the worker's end
            auto ends = Channel::pair();
            main = std::move(ends.first);
            return host::ChildProcess(program, {"--serve", std::to_string(getpid())},
                                      ends.second.descriptor(), host::ChildProcess::Output::shared);
        }()) {}

    /// Waits for its end at most so long, then makes an end of it. @param why  that was necessary
    void finish(milliseconds grace, const char *reason) noexcept {
        const std::lock_guard lock(mutex);
        if (ended) return;
        if (!process.ends_within(grace) && why.empty()) why = reason;
        how = process.end();
        ended = true;
        main.shut_down();
    }

    const host::Log log;
    const void *const inside;
    const int made_in = forks();
    Channel main;
    std::mutex mutex; ///< of what follows; held while the process is waited for
    host::ChildProcess process;
    host::ProcessEnd how;
    std::string why; ///< it was ended by this process
    std::atomic<bool> ended{false};
    std::atomic<std::thread::id> listener{};
};

WorkerLink::WorkerLink(const std::filesystem::path &program, host::Log log, const void *inside)
    : state_(std::make_shared<State>(program, std::move(log), inside)) {}

WorkerLink::~WorkerLink() {
    if (is_foreign()) { // of the parent's threads none is here, and the worker is the parent's
        if (listener_) listener_->detach();
        static_cast<void>(new std::shared_ptr<State>(state_));
        return;
    }
    state_->main.shut_down();
    state_->finish(kGoodbye, "");
    if (!listener_) return;
    if (state_->listener.load() == std::this_thread::get_id())
        listener_->detach();
    else
        listener_->join();
}

Json WorkerLink::start(const Json &options, const Loading &loading, std::chrono::seconds patience,
                       const Stopped &stopped) {
    using Clock = std::chrono::steady_clock;
    auto until = Clock::now() + patience;
    const auto idle = [&] {
        if (stopped()) throw Error(ErrorCode::cancelled, "the run was cancelled");
        if (Clock::now() < until) return;
        kill("a plugin took longer than " + std::to_string(patience.count()) + " s to load");
        throw Gone();
    };
    try {
        state_->main.send(options, {}, idle);
        for (;;) {
            Message message = state_->main.receive(idle);
            const std::string is = message.body.at("is");
            if (is == "log") {
                if (state_->log) state_->log(message.body.at("level"), message.body.at("message"));
            } else if (is == "loading") {
                if (loading) loading(message.body.at("path"));
            } else if (is == "error") {
                throw_error(message.body);
            } else {
                listener_ = std::make_unique<host::QuietThread>([state = state_] { listen(state); });
                return std::move(message.body);
            }
            until = Clock::now() + patience; // what the callbacks took is not the plugin's
        }
    } catch (const Gone &) {
    } catch (const Json::exception &) {
    }
    throw_ended();
}

void WorkerLink::listen(const std::shared_ptr<State> &state) {
    state->listener = std::this_thread::get_id();
    const int ended = state->process.ended_descriptor();
    std::array<pollfd, 2> waiting{pollfd{state->main.descriptor(), POLLIN, 0}, pollfd{ended, POLLIN, 0}};
    try {
        for (;;) {
            if (poll(waiting.data(), ended < 0 ? 1 : 2, -1) < 0) continue;
            // Another process may hold its sockets open: its end is what counts.
            if (ended >= 0 && waiting[1].revents != 0) break;
            const Message message = state->main.receive();
            if (!state->log || host::process_ends() || message.body.at("is") != "log") continue;
            const host::Inside inside(host::Inside::Kind::table, state->inside);
            state->log(message.body.at("level"), message.body.at("message"));
        }
    } catch (const Gone &) {
    } catch (const std::exception &) { // what is no message, or no memory for it
    }
    state->finish(kDying, "it sent what is no message");
}

void WorkerLink::say(const Json &body, std::span<const int> attached) {
    try {
        state_->main.send(body, attached, [this] {
            if (!alive()) throw Gone();
        });
    } catch (const Gone &) {
        throw_ended();
    }
}

pid_t WorkerLink::process() const noexcept {
    return state_->process.id();
}

bool WorkerLink::alive() const noexcept {
    return !state_->ended;
}

bool WorkerLink::still_runs() noexcept {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->ended || !state_->process.ends_within(milliseconds(0))) return !state_->ended;
    }
    state_->finish(milliseconds(0), "");
    return false;
}

bool WorkerLink::is_foreign() const noexcept {
    return state_->made_in != forks();
}

Lane WorkerLink::open_lane() {
    const ForkPause pause;
    auto [here, there] = Channel::pair();
    const std::lock_guard lock(saying_);
    const std::uint64_t id = next_++;
    const int end = there.descriptor();
    say({{"do", "lane"}, {"id", id}}, {&end, 1});
    return {id, std::move(here)};
}

void WorkerLink::cancel(std::uint64_t lane, std::uint64_t run) noexcept {
    try {
        const std::lock_guard lock(saying_);
        say({{"do", "cancel"}, {"lane", lane}, {"run", run}});
    } catch (const std::exception &) { // it ends, and with it the run
    }
}

void WorkerLink::kill(const std::string &why) noexcept {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->ended) return;
        state_->why = why;
    }
    state_->finish(milliseconds(0), "");
}

void WorkerLink::throw_ended() {
    state_->finish(kDying, "it sent what is no answer");
    const std::lock_guard lock(state_->mutex);
    const bool by_chance = state_->how.killed && state_->why.empty();
    throw WorkerEnded("the process that runs the engine's sessions ended" +
                          (state_->why.empty() ? state_->how.text : ": " + state_->why),
                      by_chance
                          ? "The system kills processes when memory is short. The next call starts another."
                          : "A plugin is at fault. The next call starts another process.",
                      by_chance);
}

void WorkerLink::forget_unused() {
    std::erase_if(sent_, [this](const auto &each) {
        if (!each.second.bundle.expired()) return false;
        say({{"do", "forget"}, {"bundle", each.second.number}});
        return true;
    });
}

std::uint64_t WorkerLink::number_of(const std::shared_ptr<const bundle::Bundle> &bundle,
                                    const std::string &name) {
    const std::lock_guard lock(saying_);
    forget_unused();
    if (const auto found = sent_.find(bundle.get()); found != sent_.end()) return found->second.number;
    const SharedMemory memory = memory_of(*bundle);
    const std::uint64_t number = next_++;
    const int descriptor = memory.descriptor();
    say({{"do", "bundle"}, {"bundle", number}, {"name", name}}, {&descriptor, 1});
    sent_[bundle.get()] = {bundle, number};
    return number;
}

} // namespace mirra::isolation
