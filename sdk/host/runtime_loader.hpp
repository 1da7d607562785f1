// Loads the runtime module, once, and keeps what came of it.
#pragma once

#include "mirra/host.hpp"

#include "mirra/error.hpp"

#include <mutex>

namespace mirra::host {

/// Thread-safe.
class RuntimeLoader {
  public:
    explicit RuntimeLoader(std::string given) : given_(std::move(given)) {}

    /// Loads at the first call. Never throws for a module that is missing: see RuntimeStatus::reason.
    const RuntimeStatus &status();
    /// @throws Error not_found (no module) | device (it cannot be loaded)
    runtime::Module &module();

  private:
    void load();

    std::string given_;
    std::once_flag once_;
    RuntimeStatus status_;
    ErrorCode code_ = ErrorCode::not_found;
    runtime::Module *module_ = nullptr; ///< the module's own; lives as long as the process
};

/// Bytes of the process that are in memory now.
std::uint64_t resident_bytes();

} // namespace mirra::host
