// Errors on their way through the C interface.
#include "c_error.hpp"

#include <memory>
#include <new>

namespace mirra::host {
namespace {

const char *or_empty(const char *text) {
    return text == nullptr ? "" : text;
}

mirra_error *out_of_memory() noexcept {
    // Short enough for the strings' own buffers: making it allocates nothing.
    static mirra_error error{MIRRA_E_OUT_OF_MEMORY, "out of memory", "", ""};
    return &error;
}

bool is_known(mirra_status code) {
    return (code <= MIRRA_E_INVALID_ARGUMENT && code >= MIRRA_E_BUSY) || code == MIRRA_E_INTERNAL;
}

} // namespace

void destroy_error(mirra_error *error) noexcept {
    if (error != out_of_memory()) delete error;
}

mirra_error *new_error(mirra_status code, const char *message, const char *subject,
                       const char *hint) noexcept {
    try {
        auto made = std::make_unique<mirra_error>();
        *made = {is_known(code) ? code : MIRRA_E_INTERNAL, or_empty(message), or_empty(subject),
                 or_empty(hint)};
        return made.release();
    } catch (const std::exception &) {
        return out_of_memory();
    }
}

mirra_status report_current_exception(mirra_error **error) noexcept {
    mirra_error *made = nullptr;
    try {
        throw;
    } catch (const Error &e) {
        made =
            new_error(static_cast<mirra_status>(e.code()), e.what(), e.subject().c_str(), e.hint().c_str());
    } catch (const std::bad_alloc &) {
        made = new_error(MIRRA_E_OUT_OF_MEMORY, "there is not enough memory", "",
                         "Set a memory limit, or close other programs.");
    } catch (const std::exception &e) {
        made = new_error(MIRRA_E_INTERNAL, e.what(), "", "This is a bug in Mirra; please report it.");
    } catch (...) {
        made = new_error(MIRRA_E_INTERNAL, "an unknown exception", "",
                         "This is a bug in Mirra; please report it.");
    }
    const mirra_status code = made->code;
    if (error != nullptr) {
        *error = made;
    } else {
        destroy_error(made);
    }
    return code;
}

void throw_reported(mirra_status status, mirra_error *error, const std::string &what) {
    const std::unique_ptr<mirra_error, void (*)(mirra_error *) noexcept> owned(error, destroy_error);
    const auto code = static_cast<ErrorCode>(is_known(status) ? status : MIRRA_E_PLUGIN);
    if (owned == nullptr) {
        throw Error(code, what + " failed with status " + std::to_string(status) + " and no message");
    }
    throw Error(code, owned->message, owned->subject, owned->hint);
}

} // namespace mirra::host
