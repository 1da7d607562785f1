// Versions, statuses, errors, strings.
#include "handles.hpp"

#include "mirra/printable.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

extern "C" {

uint32_t mirra_version(void) {
    return MIRRA_VERSION;
}

const char *mirra_version_string(void) {
    return MIRRA_VERSION_TEXT;
}

uint32_t mirra_abi_version(void) {
    return MIRRA_ABI_VERSION;
}

const char *mirra_status_name(mirra_status status) {
    return mirra::host::status_name(status);
}

mirra_status mirra_error_code(const mirra_error *error) {
    return error == nullptr ? MIRRA_OK : error->code;
}

const char *mirra_error_message(const mirra_error *error) {
    return error == nullptr ? "" : error->message.c_str();
}

const char *mirra_error_subject(const mirra_error *error) {
    return error == nullptr ? "" : error->subject.c_str();
}

const char *mirra_error_hint(const mirra_error *error) {
    return error == nullptr ? "" : error->hint.c_str();
}

void mirra_error_destroy(mirra_error *error) {
    mirra::host::destroy_error(error);
}

const char *mirra_precision_name(int32_t precision) {
    if (precision < MIRRA_PRECISION_AUTO || precision > MIRRA_PRECISION_FP16) return "unknown";
    return mirra::host::precision_name(static_cast<mirra::runtime::Precision>(precision)).data();
}

void mirra_string_free(char *text) {
    std::free(text);
}

mirra_status mirra_text_printable(const char *text, char **printable, mirra_error **error) {
    using namespace mirra::capi;
    return guard(error, [&] {
        required(printable, "printable");
        char *copy = strdup(mirra::printable(&required(text, "text")).c_str());
        if (copy == nullptr) throw std::bad_alloc();
        *printable = copy;
    });
}
}
