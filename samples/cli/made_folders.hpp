// Folders that a command makes for its results.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace mirra::cli {

/// Makes folders, and removes in the end those that it made and that nothing came into.
class MadeFolders {
  public:
    MadeFolders() = default;
    MadeFolders(const MadeFolders &) = delete;
    MadeFolders &operator=(const MadeFolders &) = delete;
    ~MadeFolders();

    /// Makes a folder, and those that it lies in, where they are not there. Throws Failure (output).
    void make(const std::filesystem::path &folder);
    /// Removes none: others write into them as well.
    void keep() noexcept { kept_ = true; }

  private:
    bool kept_ = false;
    std::vector<std::filesystem::path> made_; ///< from the root, the outer ones first
};

/// Writes a result, or checks once more that it can be. Where its folder is gone, which was there when the
/// command began, it is made again: another command may have made it, and removed it because nothing had come
/// into it. @param write  throws Failure; called again then
void into_folder(const std::string &path, const std::function<void()> &write);

} // namespace mirra::cli
