// Stores over folders, and which of a source's pictures are taken.
#include "data/picture_store.hpp"

#include "core/random.hpp"
#include "core/text.hpp"
#include "data/picture_files.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <set>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCifar = "cifar10:";

PictureStore store_of_files() {
    PictureStore store;
    store.decode = [](const auto &picture, std::int64_t side) { return read_rgb8(picture.name, side); };
    store.original = [](const auto &picture) { return read_picture(picture.name); };
    return store;
}

void add_file(PictureStore &store, const fs::path &path, std::int32_t label) {
    const auto print = picture_fingerprint(path) ^ static_cast<std::uint64_t>(label);
    store.fingerprint = mix(store.fingerprint ^ print);
    store.pictures.push_back({path.string(), label});
}

/// The folder that a training keeps beside its bundle is no class, nor is a hidden one.
bool is_run(const fs::path &folder) {
    std::error_code ignored;
    const std::string name = folder.filename().string();
    return name.starts_with('.') || name.ends_with(".mirra.run") || fs::exists(folder / "run.json", ignored);
}

std::vector<fs::path> class_folders(const fs::path &folder) {
    std::vector<fs::path> found;
    std::error_code failure;
    for (fs::directory_iterator walk(folder, failure), end; !failure && walk != end; walk.increment(failure))
        if (std::error_code lost; walk->is_directory(lost) && !is_run(walk->path()))
            found.push_back(walk->path());
    if (failure)
        throw Error(ErrorCode::not_found, "cannot read the data folder: " + failure.message(),
                    folder.string(), "check the path given with --data");
    std::ranges::sort(found);
    return found;
}

/// DIR/train; DIR/val, else DIR/test; empty where there is none.
fs::path split_folder(const fs::path &folder, Split split) {
    const auto names = split == Split::train ? std::vector{"train"} : std::vector{"val", "test"};
    for (const auto *name : names)
        if (is_folder(folder / name)) return folder / name;
    return {};
}

bool has_test_split(const std::string &source) {
    return source.starts_with(kCifar) || !split_folder(source, Split::test).empty();
}

/// The folder of a source's split; nothing when it has no such split.
std::optional<fs::path> folder_of(const std::string &source, Split split) {
    const auto found = split_folder(source, split);
    if (!found.empty()) return found;
    return split == Split::train ? std::optional<fs::path>(source) : std::nullopt;
}

} // namespace

PictureStore open_class_folders(const fs::path &folder) {
    auto store = store_of_files();
    store.classes.clear();
    for (const auto &entry : class_folders(folder)) {
        const auto found = find_pictures(entry);
        if (found.empty())
            throw Error(ErrorCode::not_found, "a class folder holds no picture (.png, .jpg, .jpeg)",
                        entry.string(), "add pictures or remove the folder");
        for (const auto &path : found) add_file(store, path, static_cast<std::int32_t>(store.classes.size()));
        store.classes.push_back(entry.filename().string());
    }
    constexpr std::size_t kFewest = 2;
    if (store.classes.size() < kFewest)
        throw Error(ErrorCode::not_found, "at least two class folders are needed", folder.string(),
                    "give a folder that holds one folder of pictures a class");
    return store;
}

PictureStore open_folders(const std::vector<fs::path> &folders, const std::string &option) {
    std::vector<fs::path> found;
    std::set<fs::path> seen; // a folder may lie in another, a link beside what it leads to
    for (const auto &folder : folders)
        for (auto &path : find_pictures(folder, option))
            if (seen.insert(fs::canonical(path)).second) found.push_back(std::move(path));
    if (found.empty())
        throw Error(ErrorCode::not_found,
                    folders.size() > 1 ? "the folders hold no picture (.png, .jpg, .jpeg)"
                                       : "the folder holds no picture (.png, .jpg, .jpeg)",
                    folders.empty() ? option : folders.front().string(),
                    "check the path given with " + option);
    std::ranges::sort(found);
    auto store = store_of_files();
    for (const auto &path : found) add_file(store, path, 0);
    return store;
}

std::optional<PictureStore> open_unlabelled(const std::string &source, Split split,
                                            const std::string &option) {
    if (source.starts_with(kCifar)) {
        auto store = open_pictures(source, split);
        store->classes = PictureStore().classes;
        for (auto &picture : store->pictures) picture.label = 0;
        return store;
    }
    const auto folder = folder_of(source, split);
    return folder ? std::optional(open_folders({*folder}, option)) : std::nullopt;
}

std::optional<PictureStore> open_pictures(const std::string &source, Split split) {
    if (source.starts_with(kCifar)) return open_cifar10(source.substr(kCifar.size()), split);
    const auto folder = folder_of(source, split);
    return folder ? std::optional(open_class_folders(*folder)) : std::nullopt;
}

PictureStore square_pictures(PictureStore store, std::int64_t extent) {
    store.fingerprint = mix(store.fingerprint ^ static_cast<std::uint64_t>(extent));
    store.decode = [decode = std::move(store.decode), extent](const auto &picture, std::int64_t) {
        return squared(decode(picture, 0), extent);
    };
    return store;
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

std::int32_t label_of(const std::vector<std::string> &classes, const std::string &name,
                      const std::string &option) {
    constexpr std::size_t kMostOfName = 40, kMostOfNames = 400;
    const auto found = std::ranges::find(classes, name);
    if (found == classes.end())
        throw Error(ErrorCode::invalid_argument,
                    "the data have no class '" + name.substr(0, kMostOfName) + "'", option,
                    "one of: " + joined(classes).substr(0, kMostOfNames));
    return static_cast<std::int32_t>(found - classes.begin());
}

} // namespace mirra::trainer
