// The process that runs an engine's sessions, as the host's process has it.
#pragma once

#include "channel.hpp"
#include "child_process.hpp"
#include "mirra/error.hpp"
#include "mirra/host.hpp"
#include "process_life.hpp"

#include <condition_variable>

namespace mirra::isolation {

/// A conversation of its own with the worker: a session's, or a call's of the engine.
struct Lane {
    std::uint64_t id = 0;
    Channel channel;
};

/// What a call throws whose worker has ended under it.
class WorkerEnded : public Error {
  public:
    using Error::Error;
};

/// One worker, from its start to its end. Thread-safe but for start().
class WorkerLink {
  public:
    /// Starts the process. @throws Error limit
    /// @param log     receives what the worker's engine says
    /// @param inside  what stands for its plugins in this process, see host::Inside
    WorkerLink(const std::filesystem::path &program, host::Log log, const void *inside);
    WorkerLink(const WorkerLink &) = delete;
    WorkerLink &operator=(const WorkerLink &) = delete;
    ~WorkerLink();

    using Loading = std::function<void(const std::string &path)>;
    /// Has it make its engine; what that says of itself. Called once, before all else.
    /// @param loading  told of each plugin's file before anything of it runs
    /// @throws WorkerEnded, also where a plugin takes longer than `patience` to load
    [[nodiscard]] Json start(const host::EngineOptions &options, const Loading &loading,
                             std::chrono::seconds patience);

    [[nodiscard]] pid_t process() const noexcept { return process_.id(); }
    [[nodiscard]] bool alive() const;
    /// @throws Error limit | WorkerEnded
    [[nodiscard]] Lane open_lane();
    /// Asks that run of that lane to stop.
    void cancel(std::uint64_t lane, std::uint64_t run) noexcept;
    /// Ends it. @param why  for the calls that were under way
    void kill(const std::string &why) noexcept;
    /// For a call that found it gone: waits for its end and says how it ended.
    [[noreturn]] void throw_ended();
    /// The number of a bundle there; sends it if it is not there yet. @throws WorkerEnded
    [[nodiscard]] std::uint64_t number_of(const std::shared_ptr<const bundle::Bundle> &bundle,
                                          const std::string &name);

  private:
    struct Sent {
        std::weak_ptr<const bundle::Bundle> bundle;
        std::uint64_t number = 0;
    };

    void listen();
    void say(const Json &body, std::span<const int> attached = {});
    void forget_unused();

    const host::Log log_;
    const void *const inside_;
    Channel main_;
    host::ChildProcess process_;
    std::mutex saying_; ///< held by who sends on main_, and of what follows
    std::uint64_t next_ = 1;
    std::map<const bundle::Bundle *, Sent> sent_;
    mutable std::mutex mutex_; ///< of what follows
    std::condition_variable changed_;
    bool ended_ = false;
    std::string how_, why_;
    std::unique_ptr<host::QuietThread> listener_;
};

} // namespace mirra::isolation
