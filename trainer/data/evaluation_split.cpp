// Choosing the split.
#include "data/evaluation_split.hpp"

#include "data/picture_files.hpp"
#include "log/log.hpp"

namespace mirra::trainer {
namespace {

bool has_test_split(const std::string &source) {
    return source.starts_with("cifar10:") || !test_folder(source).empty();
}

} // namespace

std::filesystem::path test_folder(const std::filesystem::path &folder) {
    for (const auto *name : {"val", "test"})
        if (is_folder(folder / name)) return folder / name;
    return {};
}

Split evaluation_split(const std::vector<std::string> &sources) {
    std::vector<std::string> without;
    for (const auto &source : sources)
        if (!has_test_split(source)) without.push_back(source);
    if (without.size() == sources.size()) return Split::train;
    for (const auto &source : without)
        log_warning(source + " has no val/ or test/ of its own, as others here have, and is left out");
    return Split::test;
}

} // namespace mirra::trainer
