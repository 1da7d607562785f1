// A folder for the files of this test process alone: tests run side by side.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>

namespace mirra::test {

class ScratchFolder {
  public:
    ScratchFolder() : path_(testing::TempDir() + "/mirra-" + std::to_string(getpid())) {
        std::filesystem::create_directories(path_);
    }
    ScratchFolder(const ScratchFolder &) = delete;
    ScratchFolder &operator=(const ScratchFolder &) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string path() const { return path_.string() + "/"; }

  private:
    std::filesystem::path path_;
};

/// The folder's path with a slash at its end; the folder goes when the process ends.
inline std::string scratch() {
    static const ScratchFolder folder;
    return folder.path();
}

} // namespace mirra::test
