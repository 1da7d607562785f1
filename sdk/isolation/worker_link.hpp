// The process that runs an engine's sessions, as the host's process has it.
#pragma once

#include "channel.hpp"
#include "child_process.hpp"
#include "mirra/error.hpp"
#include "mirra/host.hpp"
#include "process_life.hpp"

#include <atomic>

namespace mirra::isolation {

/// A conversation of its own with the worker: a session's, or a call's of the engine.
struct Lane {
    Lane(std::uint64_t number, Channel made) : id(number), channel(std::move(made)) {}
    Lane(Lane &&) noexcept = default;
    Lane &operator=(Lane &&) = delete;
    Lane(const Lane &) = delete;
    Lane &operator=(const Lane &) = delete;
    /// Shut down, not only closed: a child of this process may hold a copy.
    ~Lane() { channel.shut_down(); }

    std::uint64_t id = 0;
    Channel channel;
};

/// What a call throws whose worker has ended under it.
class WorkerEnded : public Error {
  public:
    WorkerEnded(const std::string &message, const std::string &hint, bool by_chance)
        : Error(ErrorCode::plugin, message, "flags", hint)
        , by_chance_(by_chance) {}
    /// The system or somebody else killed it: not for what it did.
    [[nodiscard]] bool by_chance() const noexcept { return by_chance_; }

  private:
    bool by_chance_;
};

/// Whether a call is to stop.
using Stopped = std::function<bool()>;

/// One worker, from its start to its end. Thread-safe but for start().
class WorkerLink {
  public:
    /// Starts the process. @throws Error limit
    /// @param log     receives what the worker's engine says
    /// @param inside  what stands for its plugins in this process, see host::Inside
    WorkerLink(const std::filesystem::path &program, host::Log log, const void *inside);
    WorkerLink(const WorkerLink &) = delete;
    WorkerLink &operator=(const WorkerLink &) = delete;
    /// Gives the worker a moment to give its sessions back.
    ~WorkerLink();

    using Loading = std::function<void(const std::string &path)>;
    /// Has it make its engine; what that says of itself. Called once, before all else.
    /// @param loading   told of each plugin's file before anything of it runs
    /// @param patience  that one plugin may take to load
    /// @throws WorkerEnded | Error cancelled
    [[nodiscard]] Json start(const Json &options, const Loading &loading, std::chrono::seconds patience,
                             const Stopped &stopped);

    [[nodiscard]] pid_t process() const noexcept;
    [[nodiscard]] bool alive() const noexcept;
    /// The same, asked of the system: what ended a moment ago has ended.
    [[nodiscard]] bool still_runs() noexcept;
    /// Of another process: this one is a child of the one that started it.
    [[nodiscard]] bool is_foreign() const noexcept;
    /// @throws Error limit | WorkerEnded
    [[nodiscard]] Lane open_lane();
    /// Asks that run of that lane to stop.
    void cancel(std::uint64_t lane, std::uint64_t run) noexcept;
    /// Ends it, unless it has ended. @param why  for the calls that were under way
    void kill(const std::string &why) noexcept;
    /// For a call that found it gone, or heard nonsense: says how it ended, and ends it if it has not.
    [[noreturn]] void throw_ended();
    /// The number of a bundle there; sends it if it is not there yet. @throws WorkerEnded
    [[nodiscard]] std::uint64_t number_of(const std::shared_ptr<const bundle::Bundle> &bundle,
                                          const std::string &name);

  private:
    struct Sent {
        std::weak_ptr<const bundle::Bundle> bundle;
        std::uint64_t number = 0;
    };
    struct State; ///< shared with the thread that listens, which may outlive this

    static void listen(const std::shared_ptr<State> &state);
    void say(const Json &body, std::span<const int> attached = {});
    void forget_unused();

    const std::shared_ptr<State> state_;
    std::mutex saying_; ///< held by who sends, and of what follows
    std::uint64_t next_ = 1;
    std::map<const bundle::Bundle *, Sent> sent_;
    std::unique_ptr<host::QuietThread> listener_;
};

} // namespace mirra::isolation
