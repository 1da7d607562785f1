// Loads the runtime module, once, and keeps what came of it.
#pragma once

#include "mirra/host.hpp"

#include "mirra/error.hpp"

#include <functional>
#include <mutex>

namespace mirra::runtime {
class GpuRuntime;
}

namespace mirra::host {

/// Thread-safe.
class RuntimeLoader {
  public:
    RuntimeLoader(std::string module, std::string libtorch)
        : given_(std::move(module))
        , libtorch_(std::move(libtorch)) {}

    /// Loads at the first call. Never throws for a module that is missing: see RuntimeStatus::reason.
    /// @throws Error unsupported (this process is the fork of one that had loaded it)
    const RuntimeStatus &status();
    /// @throws Error not_found (no module) | device (it cannot be loaded)
    runtime::Module &module();
    /// Of the module; null where it has none, or is not loaded yet.
    [[nodiscard]] runtime::GpuRuntime *gpu() const noexcept { return gpu_; }
    /// For tensors on a device, whose memory it counts; otherwise as Module::make_arena().
    /// @param note  as in GpuRuntime::make_arena()
    /// @throws Error as module()
    [[nodiscard]] std::shared_ptr<runtime::Arena>
    make_arena(const std::string &device, std::uint64_t limit, std::uint64_t keep = 0,
               const std::function<void(const std::string &text)> &note = {});

  private:
    void load();

    void load_module();

    std::string given_, libtorch_;
    std::once_flag once_;
    RuntimeStatus status_;
    std::string hint_; ///< to status_.reason
    ErrorCode code_ = ErrorCode::not_found;
    runtime::Module *module_ = nullptr;  ///< the module's own; lives as long as the process
    runtime::GpuRuntime *gpu_ = nullptr; ///< likewise
};

/// Bytes of the process that are in memory now.
std::uint64_t resident_bytes();

} // namespace mirra::host
