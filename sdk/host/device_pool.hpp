// Several GPUs as one device: which of them gets the next run, and which are not used any more.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mirra::host {

/// All GPUs that can be used, as callers write it.
inline constexpr std::string_view kAllGpus = "cuda:all";

/// Whether a device's name stands for several: kAllGpus, or a list such as "cuda:0,2".
[[nodiscard]] bool is_pool(std::string_view device) noexcept;
/// The devices that such a list names, in its order. @throws Error invalid_argument
[[nodiscard]] std::vector<std::string> listed_devices(const std::string &pool);

/// What runs on the devices of an engine, and which of them have failed. Thread-safe.
class DeviceLoads {
  public:
    /// How busy a device is, the busier the greater: runs under way, then runs so far.
    struct Load {
        std::uint64_t running = 0, begun = 0;
        [[nodiscard]] auto operator<=>(const Load &) const = default;
    };
    [[nodiscard]] Load load(const std::string &device) const;
    /// Why a device is not used any more; empty: it is.
    [[nodiscard]] std::string failure(const std::string &device) const;
    /// From now on no run of a pool goes there. Whether that is new.
    bool fail(const std::string &device, const std::string &reason);
    void begin(const std::string &device);
    void end(const std::string &device) noexcept;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, Load> loads_;
    std::map<std::string, std::string> failures_;
};

/// The runs of a session on several devices: one at a time on each, first come, first served. Thread-safe.
class DeviceTurns {
  public:
    /// @param devices  at least one
    DeviceTurns(std::vector<std::string> devices, std::shared_ptr<DeviceLoads> loads);

    /// A device for the time of a run.
    class Turn {
      public:
        Turn(DeviceTurns &turns, std::size_t index) noexcept : turns_(turns), index_(index) {}
        Turn(const Turn &) = delete;
        Turn &operator=(const Turn &) = delete;
        ~Turn() { turns_.give_back(index_); }
        [[nodiscard]] std::size_t index() const noexcept { return index_; }

      private:
        DeviceTurns &turns_;
        const std::size_t index_;
    };
    /// Waits for a device on which the session has no run; of several the one that is least busy.
    /// @param look  called now and then; what it throws ends the wait
    /// @param only  the one that it must be; empty: any of them
    /// @throws Error device (none is left; the message says why)
    [[nodiscard]] Turn take(const std::function<void()> &look, const std::string &only = {});
    /// What that run has shown of its device.
    /// @returns whether that is new
    bool fail(std::size_t index, const std::string &reason) { return loads_->fail(devices_[index], reason); }
    [[nodiscard]] const std::vector<std::string> &devices() const noexcept { return devices_; }

  private:
    /// Who waits, for which device; empty: for any.
    using Line = std::list<std::string>;
    /// Of those that are free and not `promised`. The number of devices where none can be taken.
    [[nodiscard]] std::size_t best(const std::string &only, const std::vector<bool> &promised) const;
    /// The same for one in the line, when those before it have what they can take.
    [[nodiscard]] std::size_t turn_of(Line::const_iterator place) const;
    void check_any_left(const std::string &only) const;
    void give_back(std::size_t index) noexcept;

    const std::vector<std::string> devices_;
    const std::shared_ptr<DeviceLoads> loads_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<bool> taken_;
    Line line_;
};

} // namespace mirra::host
