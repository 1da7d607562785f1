// Errors on their way through the C interface.
#include "c_error.hpp"

#include "immortal.hpp"
#include "mirra/forks.hpp"
#include "mirra/shortened.hpp"

#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <unordered_set>

namespace mirra::host {
namespace {

const char *or_empty(const char *text) {
    return text == nullptr ? "" : text;
}

// Short enough for the strings' own buffers: making it allocates nothing.
mirra_error g_out_of_memory{MIRRA_E_OUT_OF_MEMORY, "out of memory", "", ""};

/// What the standard library and the system report, by its cause: none of it is a fault of the library's.
mirra_status code_of(const std::error_code &code) noexcept {
    using std::errc;
    if (code == errc::not_enough_memory || code == errc::resource_unavailable_try_again ||
        code == errc::too_many_files_open || code == errc::too_many_files_open_in_system)
        return MIRRA_E_OUT_OF_MEMORY;
    if (code == errc::no_such_file_or_directory || code == errc::not_a_directory) return MIRRA_E_NOT_FOUND;
    if (code == errc::invalid_argument || code == errc::filename_too_long) return MIRRA_E_INVALID_ARGUMENT;
    return MIRRA_E_IO;
}

constexpr const char *kMemoryMessage = "there is not enough memory";
constexpr const char *kMemoryHint = "Set a memory limit, or close other programs.";
constexpr const char *kBugHint = "This is a bug in Mirra; please report it.";

/// What files and plugins hold is quoted in messages, however long it is; a name of a file stays whole.
constexpr std::size_t kMostOfMessage = 2000, kMostOfSubject = 4200, kMostOfHint = 4000;

bool is_known(mirra_status code) {
    return (code <= MIRRA_E_INVALID_ARGUMENT && code >= MIRRA_E_TIMEOUT) || code == MIRRA_E_INTERNAL;
}

/// The errors that are alive, so that a plugin's own object, or one that it freed, is not taken for one.
class Alive {
  public:
    void add(const mirra_error *error) {
        const std::lock_guard lock(mutex_);
        errors_.insert(error);
    }
    bool remove(const mirra_error *error) noexcept {
        const std::lock_guard lock(mutex_);
        return errors_.erase(error) != 0;
    }
    [[nodiscard]] bool has(const mirra_error *error) noexcept {
        const std::lock_guard lock(mutex_);
        return errors_.contains(error);
    }

  private:
    ProcessMutex mutex_;
    std::unordered_set<const mirra_error *> errors_;
};

const Immortal<Alive> kAlive;

} // namespace

const char *status_name(mirra_status status) noexcept {
    switch (status) {
    case MIRRA_OK:
        return "ok";
    case MIRRA_E_INVALID_ARGUMENT:
        return "invalid_argument";
    case MIRRA_E_NOT_FOUND:
        return "not_found";
    case MIRRA_E_IO:
        return "io";
    case MIRRA_E_CORRUPT:
        return "corrupt";
    case MIRRA_E_UNSUPPORTED:
        return "unsupported";
    case MIRRA_E_LIMIT:
        return "limit";
    case MIRRA_E_BUDGET:
        return "budget";
    case MIRRA_E_CANCELLED:
        return "cancelled";
    case MIRRA_E_DEVICE:
        return "device";
    case MIRRA_E_PLUGIN:
        return "plugin";
    case MIRRA_E_MISMATCH:
        return "mismatch";
    case MIRRA_E_OUT_OF_MEMORY:
        return "out_of_memory";
    case MIRRA_E_BUSY:
        return "busy";
    case MIRRA_E_TIMEOUT:
        return "timeout";
    case MIRRA_E_INTERNAL:
        return "internal";
    default:
        return "unknown";
    }
}

std::string status_text(mirra_status status) {
    return status == MIRRA_OK || is_known(status) ? std::string("'") + status_name(status) + "'"
                                                  : std::to_string(status);
}

void destroy_error(mirra_error *error) noexcept {
    if (kAlive->remove(error)) delete error;
}

mirra_error *new_error(mirra_status code, const char *message, const char *subject,
                       const char *hint) noexcept {
    try {
        auto made = std::make_unique<mirra_error>();
        *made = {is_known(code) ? code : MIRRA_E_INTERNAL, shortened(or_empty(message), kMostOfMessage),
                 shortened(or_empty(subject), kMostOfSubject), shortened(or_empty(hint), kMostOfHint)};
        kAlive->add(made.get());
        return made.release();
    } catch (...) {
        return &g_out_of_memory;
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
        made = new_error(MIRRA_E_OUT_OF_MEMORY, kMemoryMessage, "", kMemoryHint);
    } catch (const std::length_error &) { // more than any memory has
        made = new_error(MIRRA_E_OUT_OF_MEMORY, kMemoryMessage, "", kMemoryHint);
    } catch (const std::system_error &e) {
        made = new_error(code_of(e.code()), e.what(), "",
                         "Look at the limits of the process (ulimit -a), and at what else runs.");
    } catch (const std::exception &e) {
        made = new_error(MIRRA_E_INTERNAL, e.what(), "", kBugHint);
    } catch (...) {
        made = new_error(MIRRA_E_INTERNAL, "an unknown exception", "", kBugHint);
    }
    const mirra_status code = made->code;
    if (error != nullptr) {
        *error = made;
    } else {
        destroy_error(made);
    }
    return code;
}

ErrorCode to_code(mirra_status status, ErrorCode unknown) noexcept {
    // These two say something of a job or a session that only the library can know.
    const bool ours = status == MIRRA_E_TIMEOUT || status == MIRRA_E_BUSY;
    return is_known(status) && !ours ? static_cast<ErrorCode>(status) : unknown;
}

void throw_reported(mirra_status status, mirra_error *error, const std::string &what) {
    const std::unique_ptr<mirra_error, void (*)(mirra_error *) noexcept> owned(error, destroy_error);
    const ErrorCode code = to_code(status, ErrorCode::plugin);
    if (error != nullptr && error != &g_out_of_memory && !kAlive->has(error)) {
        throw Error(ErrorCode::plugin, what + " failed with the status " + status_text(status) +
                                           " and an error object that is not the host's");
    }
    if (owned == nullptr) {
        throw Error(code, what + " failed with the status " + status_text(status) + " and no message");
    }
    throw Error(code, owned->message, owned->subject, owned->hint);
}

} // namespace mirra::host
