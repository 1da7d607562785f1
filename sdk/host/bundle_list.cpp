// The bundles that lie in the folders that an engine looks in, and which of them are a task's qualities.
#include "bundle_list.hpp"

#include "mirra/bundle_summary.hpp"
#include "names.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace mirra::host {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20; ///< of all headers together
constexpr std::size_t kMostFiles = 4096, kMostEntries = 65536;
constexpr std::string_view kEnding = ".mirra";

/// "denoiser" of "denoiser.mirra".
std::string_view stem(std::string_view file) {
    if (file.ends_with(kEnding)) file.remove_suffix(kEnding.size());
    return file;
}

bool is_quality(std::string_view text) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() < 64 && plain(text.front()) && plain(text.back()) &&
           std::ranges::all_of(text, [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

/// The quality that the file is beside this default bundle; empty: none.
std::string quality_beside(std::string_view file, std::string_view standard) {
    if (standard.empty() || !file.ends_with(kEnding)) return {};
    if (file == standard) return kDefaultQuality;
    const std::string_view name = stem(file), first = stem(standard);
    if (name.size() <= first.size() + 1 || !name.starts_with(first) || name[first.size()] != '-') return {};
    const std::string_view quality = name.substr(first.size() + 1);
    return is_quality(quality) && quality != kDefaultQuality ? std::string(quality) : std::string();
}

/// From the fastest; those that say nothing of it behind these.
std::size_t rank(const std::string &quality) {
    constexpr std::array<std::string_view, 3> kOrder{"fast", kDefaultQuality, "best"};
    return static_cast<std::size_t>(std::ranges::find(kOrder, quality) - kOrder.begin());
}

/// The bundles of a folder by name; nothing if it cannot be read.
std::vector<fs::path> bundles_in(const fs::path &folder) {
    std::vector<fs::path> files;
    std::error_code error, ignored;
    fs::directory_iterator entry(folder, error);
    for (std::size_t seen = 0; !error && entry != fs::directory_iterator() && seen < kMostEntries; ++seen) {
        if (entry->path().extension() == kEnding && entry->is_regular_file(ignored))
            files.push_back(entry->path());
        entry.increment(error);
    }
    std::ranges::sort(files);
    return files;
}

} // namespace

std::string quality_file(const std::string &default_bundle, const std::string &quality) {
    if (!is_quality(quality))
        throw Error(ErrorCode::invalid_argument, "the quality '" + quality + "' is no name of one", "quality",
                    "Use one of the task's qualities, such as 'fast'.");
    if (quality == kDefaultQuality) return default_bundle;
    return std::string(stem(default_bundle)) + "-" + quality + std::string(kEnding);
}

bool is_for(const std::vector<const TaskInfo *> &tasks, const std::string &made_for, const TaskInfo &task) {
    const std::string standard = task.info.default_bundle;
    return std::ranges::any_of(tasks, [&](const TaskInfo *each) {
        return each->own_name() == made_for && (each == &task || each->info.default_bundle == standard);
    });
}

BundleList::BundleList(Folders folders, std::vector<const TaskInfo *> tasks)
    : folders_(std::move(folders))
    , tasks_(std::move(tasks))
    , budget_(kMostBytes) {}

/// A file is listed if its name means it: to a task that has a bundle of that name, or else to anybody.
void BundleList::find() {
    std::map<const TaskInfo *, std::vector<fs::path>> folders{{nullptr, folders_(nullptr)}};
    for (const TaskInfo *task : tasks_) folders[task] = folders_(task);
    std::map<fs::path, std::vector<fs::path>> files;
    for (const fs::path &folder : folders[nullptr]) files[folder] = bundles_in(folder);
    const auto means = [&](const TaskInfo *task, const fs::path &file) {
        for (const fs::path &folder : folders[task])
            if (const fs::path there = folder / file.filename();
                std::ranges::binary_search(files[folder], there))
                return there == file;
        return false;
    };
    std::vector<Found> found;
    for (const fs::path &folder : folders[nullptr]) {
        for (const fs::path &file : files[folder]) {
            if (found.size() == kMostFiles) break;
            const std::string name = file.filename().string();
            Found each;
            each.record.path = file.string();
            each.record.quality = quality_of(name);
            std::ranges::copy_if(tasks_, std::back_inserter(each.tasks), [&](const TaskInfo *task) {
                return !quality_beside(name, task->info.default_bundle).empty() && means(task, file);
            });
            const bool anybodys = first_task_of(name) == nullptr && means(nullptr, file);
            if (anybodys || !each.tasks.empty()) found.push_back(std::move(each));
        }
    }
    found_ = std::move(found);
}

void BundleList::read(Found &found) {
    if (found.read) return;
    BundleRecord &record = found.record;
    std::error_code ignored;
    record.bytes = fs::file_size(record.path, ignored);
    if (ignored) record.bytes = 0;
    try {
        bundle::Summary summary = bundle::summarize(record.path, budget_);
        record.bytes = summary.bytes;
        record.name = std::move(summary.name);
        record.task = std::move(summary.task);
        record.usable = true;
    } catch (const Error &error) {
        record.reason = with_hint(error);
    }
    found.read = true;
}

const TaskInfo *BundleList::first_task_of(const std::string &file) const {
    const auto found = std::ranges::find_if(tasks_, [&](const TaskInfo *task) {
        return !quality_beside(file, task->info.default_bundle).empty();
    });
    return found == tasks_.end() ? nullptr : *found;
}

std::string BundleList::quality_of(const std::string &file) const {
    const TaskInfo *task = first_task_of(file);
    return task == nullptr ? std::string() : quality_beside(file, task->info.default_bundle);
}

std::vector<std::string> BundleList::qualities_of(const TaskInfo &task) {
    std::vector<std::string> names;
    for (Found &found : found_) {
        std::string quality =
            quality_beside(fs::path(found.record.path).filename().string(), task.info.default_bundle);
        if (quality.empty() || std::ranges::find(found.tasks, &task) == found.tasks.end()) continue;
        read(found);
        if (found.record.usable && is_for(tasks_, found.record.task, task))
            names.push_back(std::move(quality));
    }
    if (names.size() < 2) return {};
    std::ranges::sort(names, {}, [](const std::string &name) { return std::pair(rank(name), name); });
    return names;
}

void BundleList::read_qualities() {
    find();
    for (const TaskInfo *task : tasks_) names_[task] = qualities_of(*task);
    for (const auto &[task, names] : names_) {
        std::vector<const char *> &texts = qualities_[task];
        texts.clear();
        for (const std::string &name : names) texts.push_back(name.c_str());
    }
}

const std::vector<const char *> &BundleList::qualities(const TaskInfo &task) {
    std::call_once(qualities_once_, [this] { read_qualities(); });
    return qualities_.at(&task);
}

const std::vector<BundleRecord> &BundleList::records() {
    std::call_once(qualities_once_, [this] { read_qualities(); });
    std::call_once(records_once_, [this] {
        std::vector<BundleRecord> records;
        for (Found &found : found_) {
            read(found);
            records.push_back(found.record);
        }
        records_ = std::move(records);
    });
    return records_;
}

} // namespace mirra::host
