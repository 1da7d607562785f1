// What a call failed with, on its way to a MirraError.
#pragma once

#include "library.h"

#include <string>
#include <utility>

namespace mirra_node {

struct Failure {
    std::string code;    // a word of mirra_status, or "closed"
    mirra_status status; // MIRRA_E_*
    std::string message, subject, hint;
};

inline Failure invalid(const std::string &subject, const std::string &what) {
    return {"invalid_argument", MIRRA_E_INVALID_ARGUMENT, "'" + subject + "' " + what, subject, ""};
}

/// With the content of an error of mirra.h, which it destroys.
inline Failure failure(mirra_status status, mirra_error *error) {
    const Api &mirra = api();
    const char *word = mirra.mirra_status_name(status);
    Failure result{word, status, error != nullptr ? mirra.mirra_error_message(error) : word,
                   mirra.mirra_error_subject(error), mirra.mirra_error_hint(error)};
    mirra.mirra_error_destroy(error);
    return result;
}

/// Calls a function of mirra.h as call(mirra_error **). @throws Failure unless it gives MIRRA_OK
template<class Call> void succeed(const Call &call) {
    mirra_error *error = nullptr;
    const mirra_status status = call(&error);
    if (status != MIRRA_OK) throw failure(status, error);
}

/// Calls a function of mirra.h that fills a struct, as call(struct *, mirra_error **), and gives the struct.
template<class Struct, class Call> Struct filled(const Call &call) {
    MIRRA_STRUCT(Struct, value);
    succeed([&](mirra_error **error) { return call(&value, error); });
    return value;
}

} // namespace mirra_node
