// The data sets that tests use where they are there.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace mirra::test {

/// MIRRA_SHARED_DATA, or shared/data beside the checkout.
inline std::filesystem::path shared_data() {
    const char *folder = std::getenv("MIRRA_SHARED_DATA");
    return folder != nullptr ? folder : std::filesystem::path(MIRRA_TEST_SOURCE) / "../shared/data";
}

} // namespace mirra::test
