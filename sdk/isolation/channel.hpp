// One end of the connection between two processes: messages, and memory that goes along.
#pragma once

#include "mirra/descriptor.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mirra::isolation {

using Json = nlohmann::json;

struct Message {
    Json body;
    std::vector<Descriptor> attached;
};

/// The other end is gone, or sends what is none of these messages.
class Gone : public std::exception {
  public:
    [[nodiscard]] const char *what() const noexcept override { return "the other process is gone"; }
};

/// Called every few milliseconds of a wait; what it throws ends that.
using Idle = std::function<void()>;

/// One message at a time in each direction: one thread sends and one receives.
class Channel {
  public:
    Channel() = default;
    /// @param socket  of a stream
    explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}
    /// Two that are connected. @throws Error limit
    static std::pair<Channel, Channel> pair();

    /// @throws Gone, and what `idle` throws
    void send(const Json &body, std::span<const int> attached = {}, const Idle &idle = {});
    [[nodiscard]] Message receive(const Idle &idle = {});
    /// Both ends receive Gone from now on.
    void shut_down() noexcept;
    [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

  private:
    Descriptor socket_;
};

} // namespace mirra::isolation
