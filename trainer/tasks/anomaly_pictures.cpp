// The pictures of an anomaly detector: which are normal, which calibrate, which must stay apart.
#include "core/progress.hpp"
#include "core/random.hpp"
#include "core/text.hpp"
#include "data/evenly_spaced.hpp"
#include "data/picture_store.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{6} << 30;
constexpr std::int64_t kFewest = 10;

std::shared_ptr<PictureSet> set_of(Stores stores, const std::string &only = {}) {
    return std::make_shared<PictureSet>(std::move(stores),
                                        PictureSet::Options{.cache_bytes = kCacheBytes, .only = only});
}

PictureStore open_normal(const std::string &source, const std::string &class_name) {
    if (!class_name.empty()) return *open_pictures(source, Split::train);
    if (source.starts_with("cifar10:"))
        throw Error(ErrorCode::invalid_argument, "CIFAR-10 has ten classes, and one of them is to be normal",
                    source, "name it with --class, for example --class cat");
    return *open_unlabelled(source, Split::train);
}

/// @param option  that names the folder
std::shared_ptr<PictureSet> open_folder_set(const std::filesystem::path &folder, const std::string &option,
                                            std::int64_t extent) {
    if (!std::filesystem::is_directory(folder))
        throw Error(ErrorCode::not_found, "there is no such folder of pictures", folder.string(),
                    "check the path given with " + option);
    Stores stores;
    stores.push_back(square_pictures(open_folders({folder}, option), extent));
    return set_of(std::move(stores));
}

std::set<std::filesystem::path> files_of(const PictureSet &set) {
    std::set<std::filesystem::path> files;
    for (std::int64_t i = 0; i < set.size(); ++i)
        files.insert(std::filesystem::weakly_canonical(set.name(i)));
    return files;
}

/// A threshold, or an AUROC, over pictures that were trained on would promise too much.
void check_apart(const std::set<std::filesystem::path> &trained, const PictureSet &judged,
                 const std::string &option) {
    for (const auto &file : files_of(judged))
        if (trained.contains(file))
            throw Error(ErrorCode::invalid_argument,
                        "pictures of " + option + " are among those of --data, which are trained on",
                        file.string(), "move them out of it, or give --data the folders beside them");
}

/// Leaves those that can be read; warns of the others.
void read_all(PictureSet &set, const std::string &what) {
    Progress progress("reading " + what + " pictures", set.size());
    set.leave_readable([&](std::int64_t done) { progress.update(done); });
    for (const auto &file : set.skipped()) log_warning("skipped " + file);
}

/// What pictures differ in is all that a detector can learn of them.
void warn_of_equal(PictureSet &set) {
    constexpr std::int64_t kMost = 1000; // looked at, evenly spaced
    const auto looked = std::min(set.size(), kMost);
    std::set<std::uint64_t> seen;
    for (std::int64_t i = 0; i < looked; ++i) {
        std::uint64_t hash = 0;
        for (const auto byte : set.get(evenly_spaced(i, looked, set.size())).picture->bytes())
            hash = mix(hash ^ static_cast<std::uint64_t>(byte));
        seen.insert(hash);
    }
    const auto distinct = std::ssize(seen);
    if (2 * distinct > looked) return;
    const auto all = std::to_string(looked) + " normal pictures ";
    log_warning(
        (distinct == 1 ? all + "are the same"
                       : "of " + all + "only " + std::to_string(distinct) + " differ") +
        ": a detector learns from them what good parts have in common, not how they may vary, and will "
        "call every other picture anomalous; give it more pictures of different good parts");
}

void require(std::int64_t count, std::int64_t least, const std::string &what, const std::string &where,
             const std::string &hint) {
    if (count >= least) return;
    throw Error(ErrorCode::invalid_argument,
                std::to_string(count) + (count == 1 ? " picture is" : " pictures are") + " too few " + what +
                    ": at least " + std::to_string(least) + " are needed",
                where, hint);
}

/// Moves some normal pictures out of the training.
std::shared_ptr<PictureSet> hold_out(PictureSet &training, const AnomalyRecipe &settings,
                                     const std::string &where) {
    constexpr std::int64_t kShare = 5, kMost = 200;
    require(training.size(), 2 * kFewest, "to train on and to calibrate with", where,
            "add normal pictures, or give " + std::to_string(kFewest) +
                " or more of their own with --val-good");
    auto count = std::clamp(training.size() / kShare, kFewest, kMost);
    if (settings.held_out > 0) count = std::max(settings.held_out, kFewest);
    require(training.size(), 2 * count, "to hold " + std::to_string(count) + " of them out", where,
            "add normal pictures, or lower calibration.held_out in the recipe");
    return training.hold_out(count);
}

} // namespace

std::string source_fingerprint(const Stores &stores) {
    std::uint64_t hash = 0;
    for (const auto &store : stores) hash = mix(hash ^ store.fingerprint);
    return hex(hash);
}

AnomalyPictures open_anomaly_pictures(const AnomalyCommand &command, const AnomalyRecipe &settings) {
    const auto extent = settings.generator.extent;
    Stores stores;
    for (const auto &source : command.data) stores.push_back(open_normal(source, command.class_name));
    AnomalyPictures out{.training = {}, .normal = {}, .bad = {}, .source = source_fingerprint(stores)};
    for (auto &store : stores) store = square_pictures(std::move(store), extent);
    out.training = set_of(std::move(stores), command.class_name);
    out.training->keep(command.count);
    const auto trained = files_of(*out.training);
    if (!command.val_good.empty()) {
        out.normal = open_folder_set(command.val_good, "--val-good", extent);
        check_apart(trained, *out.normal, "--val-good");
    }
    if (!command.bad.empty()) {
        out.bad = open_folder_set(command.bad, "--bad", extent);
        check_apart(trained, *out.bad, "--bad");
    }
    read_all(*out.training, "normal");
    if (out.training->size() > 0) warn_of_equal(*out.training);
    const auto &where = command.data.front();
    const std::string hint = "add pictures, or repair the files that cannot be read";
    if (!out.normal) {
        out.normal = hold_out(*out.training, settings, where);
    } else {
        read_all(*out.normal, "further normal");
        require(out.normal->size(), kFewest, "to calibrate with", command.val_good.string(), hint);
    }
    require(out.training->size(), kFewest, "to train on", where, hint);
    if (!out.bad) return out;
    read_all(*out.bad, "bad");
    require(out.bad->size(), 1, "bad ones", command.bad.string(), hint);
    return out;
}

} // namespace mirra::trainer
