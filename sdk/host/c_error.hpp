// mirra_error, the form in which errors cross the C interface, and the one place where exceptions become it.
#pragma once

#include "mirra/error.hpp"
#include "mirra/mirra.h"
#include "process_life.hpp"

#include <cxxabi.h>
#include <string>

struct mirra_error {
    mirra_status code = MIRRA_E_INTERNAL;
    std::string message, subject, hint;
};

namespace mirra::host {

/// Releases an error made by report() or new_error(); takes null.
void destroy_error(mirra_error *error) noexcept;

/// Never null: without memory, it is a fixed object that says so.
mirra_error *new_error(mirra_status code, const char *message, const char *subject,
                       const char *hint) noexcept;

/// The exception being handled, as a status; *error receives the object if `error` is not null.
mirra_status report_current_exception(mirra_error **error) noexcept;

/// Runs `body`, in plain arithmetic; what it throws becomes the status and *error. Every function that C
/// calls goes through here.
template<class Body> mirra_status guard(mirra_error **error, Body &&body) {
    const PlainArithmetic arithmetic;
    try {
        body();
        return MIRRA_OK;
    } catch (abi::__forced_unwind &) {
        throw; // a callback ended its thread; glibc ends the process where that is not let through
    } catch (...) {
        return report_current_exception(error);
    }
}

/// As mirra_status_name.
const char *status_name(mirra_status status) noexcept;
/// For messages: "'mismatch'", or the number of one that is none.
std::string status_text(mirra_status status);
/// What a function of somebody else's gave. @param unknown  for a status that is none
ErrorCode to_code(mirra_status status, ErrorCode unknown) noexcept;

/// Throws what a plugin's function reported; consumes `error`.
/// @param what  for the message when the plugin gave none
[[noreturn]] void throw_reported(mirra_status status, mirra_error *error, const std::string &what);

} // namespace mirra::host
