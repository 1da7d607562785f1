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
        : path_(folder() / ("mirra-fuzz-" + name + "-" + std::to_string(::getpid()) + ".mirra")) {}
    ScratchBundle(const ScratchBundle &) = delete;
    ScratchBundle &operator=(const ScratchBundle &) = delete;
    ~ScratchBundle() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    /// In memory where that goes: a disk would be waited for at every bundle.
    static std::filesystem::path folder() {
        const std::filesystem::path memory = "/dev/shm";
        return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    }

    std::filesystem::path path_;
};

/// Expectations outside of a test are only noted.
inline void expect_all_held() {
    expect(!testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed(), "an expectation failed");
}

} // namespace mirra::fuzz
