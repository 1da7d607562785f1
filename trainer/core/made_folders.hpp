// A folder that a command makes for what it writes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Makes a folder, and those that it lies in, where they are not there; removes in the end those that it made
/// and that nothing came into.
class MadeFolders {
  public:
    /// @param hint  of the error  @throws Error io
    MadeFolders(const std::filesystem::path &folder, const std::string &hint);
    MadeFolders(const MadeFolders &) = delete;
    MadeFolders &operator=(const MadeFolders &) = delete;
    ~MadeFolders();

  private:
    void remove_empty() const;
    std::vector<std::filesystem::path> made_; ///< from the root, the outer ones first
};

} // namespace mirra::trainer
