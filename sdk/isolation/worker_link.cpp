// The process that runs an engine's sessions, as the host's process has it.
#include "worker_link.hpp"

#include "messages.hpp"
#include "shared_memory.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <unistd.h>

namespace mirra::isolation {
namespace {

constexpr const char *kWhat = "the process that runs the engine's sessions ended";

SharedMemory memory_of(const bundle::Bundle &bundle) {
    const auto bytes = bundle::tensor_bytes(bundle.file().tensors(), bundle.file().metadata());
    SharedMemory memory(bytes.size());
    std::memcpy(memory.bytes().data(), bytes.data(), bytes.size());
    return memory;
}

} // namespace

WorkerLink::WorkerLink(const std::filesystem::path &program, host::Log log, const void *inside)
    : log_(std::move(log))
    , inside_(inside)
    , process_([&]() -> host::ChildProcess {
        auto ends = Channel::pair();
        main_ = std::move(ends.first);
        return host::ChildProcess(program, {"--serve", std::to_string(getpid())}, ends.second.descriptor(),
                                  host::ChildProcess::Output::shared);
    }()) {}

WorkerLink::~WorkerLink() {
    main_.shut_down(); // it ends by that
    if (listener_) listener_->join();
}

Json WorkerLink::start(const host::EngineOptions &options, const Loading &loading,
                       std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    auto until = Clock::now() + patience;
    const auto idle = [&] {
        if (Clock::now() < until) return;
        kill("it took longer than " + std::to_string(patience.count()) + " s to load");
        throw Gone();
    };
    try {
        main_.send({{"do", "engine"}, {"options", options}, {"version", MIRRA_VERSION_TEXT}}, {}, idle);
        for (;;) {
            Message message = main_.receive(idle);
            const std::string is = message.body.at("is");
            if (is == "log") {
                if (log_) log_(message.body.at("level"), message.body.at("message"));
            } else if (is == "loading") {
                if (loading) loading(message.body.at("path"));
                until = Clock::now() + patience;
            } else if (is == "error") {
                throw_error(message.body);
            } else {
                listener_ = std::make_unique<host::QuietThread>([this] { listen(); });
                return std::move(message.body);
            }
        }
    } catch (const Gone &) {
        const std::string how = process_.end();
        const std::lock_guard lock(mutex_);
        ended_ = true;
        how_ = how;
    } catch (const Json::exception &) {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        why_ = "it sent what is no answer";
    }
    throw_ended();
}

void WorkerLink::listen() {
    try {
        for (;;) {
            const Message message = main_.receive();
            if (!log_ || message.body.at("is") != "log") continue;
            const host::Inside inside(host::Inside::Kind::table, inside_);
            log_(message.body.at("level"), message.body.at("message"));
        }
    } catch (const Gone &) {
    } catch (const std::exception &) { // what is no message, or no memory for it
    }
    main_.shut_down();
    const std::string how = process_.end();
    const std::lock_guard lock(mutex_);
    ended_ = true;
    how_ = how;
    changed_.notify_all();
}

void WorkerLink::say(const Json &body, std::span<const int> attached) {
    try {
        main_.send(body, attached);
    } catch (const Gone &) {
        throw_ended();
    }
}

bool WorkerLink::alive() const {
    const std::lock_guard lock(mutex_);
    return !ended_;
}

Lane WorkerLink::open_lane() {
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
        main_.send({{"do", "cancel"}, {"lane", lane}, {"run", run}});
    } catch (const std::exception &) { // it ends, and with it the run
    }
}

void WorkerLink::kill(const std::string &why) noexcept {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    why_ = why;
    process_.kill();
}

void WorkerLink::throw_ended() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return ended_; });
    const bool killed = how_.find("Killed") != std::string::npos && why_.empty();
    throw WorkerEnded(ErrorCode::plugin, std::string(kWhat) + (why_.empty() ? how_ : ": " + why_), "flags",
                      killed
                          ? "The system kills processes when memory is short. The next call starts another."
                          : "A plugin is at fault. The next call starts another process.");
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
