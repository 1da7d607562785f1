// What mirra-worker does for the engine of another process: the engine, and its sessions.
#pragma once

#include "messages.hpp"
#include "shared_memory.hpp"

#include <condition_variable>

namespace mirra::isolation {

/// Serves until the other process is gone, and ends this one then.
/// @param socket  to the other process
/// @param host    its number
[[noreturn]] void serve(Descriptor socket, pid_t host);

/// Bundles that the other process has sent, by number. Thread-safe.
class SentBundles {
  public:
    void add(std::uint64_t number, const std::string &name, Descriptor file);
    void forget(std::uint64_t number);
    /// Waits for one that is on its way. @throws Error out_of_memory, and as bundle::Bundle::open_memory()
    [[nodiscard]] std::shared_ptr<const bundle::Bundle> get(std::uint64_t number);

  private:
    struct Sent {
        std::once_flag once;
        std::string name;
        Descriptor file; ///< until it is read
        std::shared_ptr<const bundle::Bundle> bundle;
    };

    std::mutex mutex_;
    std::condition_variable added_;
    std::map<std::uint64_t, std::shared_ptr<Sent>> sent_;
};

/// The run of a lane that is under way, for those who stop it. Thread-safe.
class LaneRun {
  public:
    std::shared_ptr<host::CancelToken> begin(std::uint64_t run);
    void cancel(std::uint64_t run);

  private:
    std::mutex mutex_;
    std::uint64_t run_ = 0, cancelled_ = 0; ///< the latest; a run may be cancelled before it is heard of
    std::shared_ptr<host::CancelToken> token_;
};

/// A run of a session for the other process: asks it for what only it has, and answers.
/// @throws Gone
void serve_run(Channel &channel, host::Session &session, Message &request,
               const std::shared_ptr<host::CancelToken> &token);

/// Sends tensors along with an answer. @throws Gone
void send_with_tensors(Channel &channel, Json body, const host::TensorSet &tensors);

} // namespace mirra::isolation
