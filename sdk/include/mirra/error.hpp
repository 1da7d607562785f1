// The one exception type of the SDK. It never crosses the C ABI: capi turns it into a mirra_error.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace mirra {

/// Error classes; the values are those of mirra_status in mirra.h.
enum class ErrorCode : std::int32_t {
    invalid_argument = -1, ///< a parameter is out of range or of the wrong type
    not_found = -2,        ///< a file, task, device, graph or parameter of that name does not exist
    io = -3,               ///< reading or writing failed (permission, full disk, missing folder)
    corrupt = -4,          ///< a file's content contradicts its format
    unsupported = -5,      ///< valid, but this build or version cannot do it
    limit = -6,            ///< a safety limit (pixels, nodes, bytes) is exceeded
    budget = -7,           ///< the memory budget is too small, even for the smallest tile
    cancelled = -8,        ///< the caller cancelled
    device = -9,           ///< the device is missing or failed
    plugin = -10,          ///< a plugin is missing, incompatible or failed
    mismatch = -11,        ///< two inputs do not fit together (bundle and task, shapes, sizes)
    out_of_memory = -12,   ///< an allocation failed
    busy = -13,            ///< the object is in use by another call
    timeout = -14,         ///< the time given for a wait is over
    internal = -99,        ///< a bug in Mirra
};

/// What failed, what it was about and what to do. Immutable; safe to copy between threads.
class Error : public std::runtime_error {
  public:
    /// @param code     error class
    /// @param message  one sentence: what went wrong
    /// @param subject  what it was about: a file, parameter, tensor, node; may be empty
    /// @param hint     what the user can do about it; may be empty
    Error(ErrorCode code, const std::string &message, std::string subject = {}, std::string hint = {})
        : std::runtime_error(message)
        , code_(code)
        , subject_(std::move(subject))
        , hint_(std::move(hint)) {}

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }
    [[nodiscard]] const std::string &subject() const noexcept { return subject_; }
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }

  private:
    ErrorCode code_;
    std::string subject_;
    std::string hint_;
};

} // namespace mirra
