// Base64 (RFC 4648), for data URIs.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mirra::trainer {

std::string base64(std::span<const std::byte> bytes);

} // namespace mirra::trainer
