// Small conversions that several entry points share.
#include "handles.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace mirra::capi {

std::shared_ptr<host::Session> held(const mirra_session *session) {
    return required(session, "session").session;
}

void check_flags(std::uint32_t flags, std::uint32_t known, const char *name) {
    if ((flags & ~known) != 0) {
        throw Error(ErrorCode::unsupported,
                    std::string(name) + " has a flag that this version of Mirra does not know", name,
                    "Leave it out, or install a newer Mirra.");
    }
}

void check_reserved(std::int64_t value, const char *name) {
    if (value != 0) {
        throw Error(ErrorCode::unsupported, std::string(name) + " must be 0 in this version of Mirra", name,
                    "Set it to 0, or install a newer Mirra.");
    }
}

runtime::Precision to_precision(std::int32_t precision) {
    switch (precision) {
    case MIRRA_PRECISION_AUTO:
        return runtime::Precision::automatic;
    case MIRRA_PRECISION_FP32:
        return runtime::Precision::fp32;
    case MIRRA_PRECISION_BF16:
        return runtime::Precision::bf16;
    case MIRRA_PRECISION_FP16:
        return runtime::Precision::fp16;
    default:
        throw Error(ErrorCode::invalid_argument, "there is no precision " + std::to_string(precision),
                    "precision", "Use one of MIRRA_PRECISION_*.");
    }
}

std::string or_empty(const char *text) {
    return text == nullptr ? std::string() : std::string(text);
}

std::shared_ptr<host::CallbackUser> owned_user(void *user, void (*free)(void *)) {
    try {
        return std::make_shared<host::CallbackUser>(user, free);
    } catch (...) {
        if (free != nullptr) free(user);
        throw;
    }
}

void give_bytes(std::span<const std::byte> bytes, void **out, std::size_t *size) {
    void *copy = std::malloc(std::max<std::size_t>(bytes.size(), 1));
    if (copy == nullptr) throw std::bad_alloc();
    if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
    *out = copy;
    *size = bytes.size();
}

} // namespace mirra::capi
