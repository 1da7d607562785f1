// For targets that run plugins: a place for a bundle, and what the helpers of the tests expected.
#pragma once

#include "fuzz.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <unistd.h>

namespace mirra::fuzz {

/// The path of a file that is gone when the process ends.
class ScratchBundle {
  public:
    explicit ScratchBundle(const std::string &name)
        : path_(std::filesystem::temp_directory_path() /
                ("mirra-fuzz-" + name + "-" + std::to_string(::getpid()) + ".mirra")) {}
    ScratchBundle(const ScratchBundle &) = delete;
    ScratchBundle &operator=(const ScratchBundle &) = delete;
    ~ScratchBundle() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

/// Expectations outside of a test are only noted.
inline void expect_all_held() {
    expect(!testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed(), "an expectation failed");
}

} // namespace mirra::fuzz
