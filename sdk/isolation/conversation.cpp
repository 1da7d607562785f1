// A call to the worker, from its first word to its last.
#include "conversation.hpp"

#include "messages.hpp"

namespace mirra::isolation {
namespace {

constexpr std::chrono::seconds kStopping{10}; ///< that a run may take to stop

} // namespace

Patience::Patience(WorkerLink &link, std::uint64_t lane, std::uint64_t run, Stopped stopped)
    : link_(link)
    , lane_(lane)
    , run_(run)
    , stopped_(std::move(stopped)) {}

void Patience::operator()() {
    if (!link_.alive()) throw Gone();
    const auto now = std::chrono::steady_clock::now();
    if (!asked_) {
        if (!stopped_()) return;
        asked_ = now;
        link_.cancel(lane_, run_);
    } else if (now - *asked_ > kStopping) {
        link_.kill("a run did not stop within " + std::to_string(kStopping.count()) +
                   " s of its cancellation");
        throw Gone();
    }
}

void Patience::heard() noexcept {
    if (asked_) asked_ = std::chrono::steady_clock::now();
}

void Conversation::say(const Json &body, int attached) {
    idle_();
    lane_.channel.send(body, std::span(&attached, attached < 0 ? 0U : 1U), std::ref(idle_));
}

Message Conversation::hear() {
    idle_.heard();
    idle_();
    Message message = lane_.channel.receive(std::ref(idle_));
    if (message.body.at("is") != "error") return message;
    end();
    throw_error(message.body);
}

Message Conversation::ask(const Json &body, int attached) {
    return within([&] {
        say(body, attached);
        Message answer = hear();
        end();
        return answer;
    });
}

} // namespace mirra::isolation
