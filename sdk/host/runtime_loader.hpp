// Loads the runtime module, once, and keeps what came of it.
#pragma once

#include "mirra/host.hpp"

#include "mirra/error.hpp"
#include "runtime/cuda/pixel_transfer.hpp"

#include <mutex>

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
    [[nodiscard]] runtime::PixelTransfer *pixel_transfer() const noexcept { return pixel_transfer_; }

  private:
    void load();

    void load_module();

    std::string given_, libtorch_;
    std::once_flag once_;
    RuntimeStatus status_;
    std::string hint_; ///< to status_.reason
    ErrorCode code_ = ErrorCode::not_found;
    runtime::Module *module_ = nullptr;                ///< the module's own; lives as long as the process
    runtime::PixelTransfer *pixel_transfer_ = nullptr; ///< likewise
};

/// Bytes of the process that are in memory now.
std::uint64_t resident_bytes();

} // namespace mirra::host
