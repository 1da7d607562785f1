// What the library and mirra-worker are built from.
#pragma once

namespace mirra::isolation {

/// A digest of the sources. Programs that differ in it may mean different things by one message.
[[nodiscard]] const char *sources_digest() noexcept;

} // namespace mirra::isolation
