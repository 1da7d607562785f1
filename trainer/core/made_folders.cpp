// Remembers which folders were not there.
#include "core/made_folders.hpp"

#include "mirra/error.hpp"

#include <system_error>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

} // namespace

MadeFolders::MadeFolders(const fs::path &folder, const std::string &hint) {
    std::error_code error;
    if (fs::is_directory(folder, error)) return;
    const auto whole = fs::absolute(folder, error);
    for (fs::path part; const auto &name : whole) {
        part /= name;
        if (fs::is_directory(part, error)) continue;
        if (fs::create_directory(part, error)) made_.push_back(part);
        if (!error) continue;
        remove_empty();
        throw Error(ErrorCode::io, "the folder cannot be made: " + error.message(), folder.string(), hint);
    }
}

MadeFolders::~MadeFolders() {
    remove_empty();
}

void MadeFolders::remove_empty() const {
    std::error_code full; // what has files stays
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) fs::remove(*folder, full);
}

} // namespace mirra::trainer
