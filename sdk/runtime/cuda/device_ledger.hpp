// Bytes of a device's memory that one run has, as its allocator reports them, held to a limit.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace mirra::cuda {

/// An allocator of a device cannot be told to fail, so what is too much shows at the next check, before the
/// run goes on. Thread-safe.
class DeviceLedger {
  public:
    /// @param limit  bytes; 0: none
    explicit DeviceLedger(std::uint64_t limit) : limit_(limit) {}

    /// A block was taken, or given back where `bytes` is negative; one that is not known is none of the
    /// run's.
    void changed(const void *block, std::int64_t bytes) noexcept;
    /// Takes bytes from the limit, for what is not reported. @throws Error budget where they are not left
    void reserve(std::uint64_t bytes);
    /// Counts memory that a run uses and others hold, once; as the run's until the next one begins. Returns
    /// whether the limit leaves room for it.
    /// @param holder  a number that no other holder has
    bool take(std::uint64_t holder, std::uint64_t bytes);
    /// @throws Error budget, once, where more was held than the limit allows
    void check();
    /// A run begins: the peak counts anew, and nothing is reserved.
    void begin();

    /// What the limit leaves; UINT64_MAX without one.
    [[nodiscard]] std::uint64_t room() const;
    [[nodiscard]] std::uint64_t current_bytes() const;
    [[nodiscard]] std::uint64_t peak_bytes() const;

  private:
    [[nodiscard]] bool is_beyond(std::uint64_t bytes) const { return limit_ != 0 && bytes > limit_; }
    [[noreturn]] void refuse(std::uint64_t bytes) const;

    const std::uint64_t limit_;
    mutable std::mutex mutex_;
    std::unordered_map<const void *, std::uint64_t> blocks_;
    std::unordered_map<std::uint64_t, std::uint64_t> taken_; ///< bytes by holder
    std::uint64_t held_ = 0, reserved_ = 0, peak_ = 0;
    std::uint64_t beyond_ = 0; ///< the most that was held beyond the limit, and not yet told
};

} // namespace mirra::cuda
