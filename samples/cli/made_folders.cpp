// Remembers which folders were not there.
#include "made_folders.hpp"

#include "failure.hpp"

#include <system_error>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

} // namespace

MadeFolders::~MadeFolders() {
    if (kept_) return;
    std::error_code full; // what has files stays
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) fs::remove(*folder, full);
}

void MadeFolders::make(const fs::path &folder) {
    std::error_code error;
    if (folder.empty() || fs::is_directory(folder, error)) return;
    const fs::path whole = fs::absolute(folder, error); // a plugin may leave the current folder
    for (fs::path part; const auto &name : whole) {
        part /= name;
        if (fs::is_directory(part, error)) continue;
        if (fs::create_directory(part, error)) made_.push_back(part);
        if (error)
            throw Failure(ExitCode::output, "the folder cannot be made: " + error.message(), folder.string());
    }
}

void into_folder(const std::string &path, const std::function<void()> &write) {
    try {
        write();
    } catch (const Failure &) {
        const fs::path folder = fs::path(path).parent_path();
        std::error_code error;
        if (folder.empty() || fs::exists(folder, error) || error) throw;
        fs::create_directories(folder, error);
        if (error) throw;
        write();
    }
}

} // namespace mirra::cli
