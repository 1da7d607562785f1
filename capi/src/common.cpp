// Small conversions that several entry points share.
#include "handles.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace mirra::capi {

std::shared_ptr<host::Session> held(const mirra_session *session) {
    return required(session, "session").session;
}

namespace {

/// "0x12"
std::string hexadecimal(std::uint32_t value) {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return "0x" + std::string(digits.data(), end);
}

} // namespace

void unknown_value(const std::string &what, std::int64_t value, const char *subject,
                   const std::string &allowed) {
    throw Error(ErrorCode::invalid_argument, what + " is " + std::to_string(value) + ", which there is not",
                subject, "Use " + allowed + ".");
}

void check_index(std::size_t count, std::size_t index, const char *what) {
    if (index < count) return;
    const std::string name = std::string(what) + " " + std::to_string(index);
    throw Error(ErrorCode::not_found,
                "there is no " + name +
                    (count == 0   ? ": there is none"
                     : count == 1 ? ": there is one"
                                  : ": there are " + std::to_string(count)),
                "index", "They are counted from 0.");
}

void check_flags(std::uint32_t flags, std::uint32_t known, const char *name) {
    if ((flags & ~known) == 0) return;
    throw Error(ErrorCode::unsupported,
                std::string(name) + ": the flags " + hexadecimal(flags) + " have " +
                    hexadecimal(flags & ~known) + ", which this version of Mirra does not know",
                name,
                (known == 0 ? "It knows none: set them to 0"
                            : "It knows " + hexadecimal(known) + ": leave others out") +
                    ", or install a newer Mirra.");
}

void check_reserved(std::int64_t value, const char *name) {
    if (value != 0) {
        throw Error(ErrorCode::unsupported,
                    std::string(name) + " is " + std::to_string(value) +
                        ", and must be 0 in this version of Mirra",
                    name, "Set it to 0, or install a newer Mirra.");
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
        unknown_value("precision", precision, "precision",
                      "MIRRA_PRECISION_AUTO (0), _FP32 (1), _BF16 (2) or _FP16 (3)");
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

char *copied(const std::string &text) {
    char *copy = strdup(text.c_str());
    if (copy == nullptr) throw std::bad_alloc();
    return copy;
}

void give_bytes(std::span<const std::byte> bytes, void **out, std::size_t *size) {
    void *copy = std::malloc(std::max<std::size_t>(bytes.size(), 1));
    if (copy == nullptr) throw std::bad_alloc();
    if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
    *out = copy;
    *size = bytes.size();
}

} // namespace mirra::capi
