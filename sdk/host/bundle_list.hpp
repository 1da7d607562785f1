// The bundles that lie in the folders that an engine looks in, and which of them are a task's qualities.
#pragma once

#include "mirra/host.hpp"

namespace mirra::host {

/// What a task's default bundle is called among others.
inline constexpr const char *kDefaultQuality = "balanced";

/// The file of a quality beside a default bundle: of "denoiser.mirra" it is "denoiser-fast.mirra" for "fast",
/// and the default itself for "balanced". @throws Error invalid_argument for what cannot be a quality
std::string quality_file(const std::string &default_bundle, const std::string &quality);

/// Files are looked for at the first call, and what is found stays. Only headers are read, and of all files
/// together no more than a bound. Thread-safe.
class BundleList {
  public:
    /// Of a task, or all of them where there is none; in the order of the search.
    using Folders = std::function<std::vector<std::filesystem::path>(const TaskInfo *task)>;
    /// @param folders  asked at the first call; the first that has a file of a name has it
    BundleList(Folders folders, std::vector<const TaskInfo *> tasks);

    const std::vector<BundleRecord> &records();
    /// Of a task of the list, from the fastest; reads only files that bear the name of one.
    const std::vector<const char *> &qualities(const TaskInfo &task);
    /// Whose default bundle, or quality of it, a file of that name is; null: nobody's.
    [[nodiscard]] const TaskInfo *first_task_of(const std::string &file) const;

  private:
    struct Found {
        BundleRecord record;
        std::vector<const TaskInfo *> tasks; ///< that take this file, and no other, by its name
        bool read = false;
    };

    void find();
    void read(Found &found);
    void read_qualities();
    [[nodiscard]] std::string quality_of(const std::string &file) const;
    [[nodiscard]] std::vector<std::string> qualities_of(const TaskInfo &task);

    const Folders folders_;
    const std::vector<const TaskInfo *> tasks_;
    std::once_flag qualities_once_, records_once_;
    std::vector<Found> found_;
    std::uint64_t budget_;
    std::vector<BundleRecord> records_;
    std::map<const TaskInfo *, std::vector<std::string>> names_;
    std::map<const TaskInfo *, std::vector<const char *>> qualities_; ///< those of names_
};

/// Whether a bundle of one task serves the other: tasks with the same default bundle share their bundles.
/// @param made_for  name of the bundle's task
bool is_for(const std::vector<const TaskInfo *> &tasks, const std::string &made_for, const TaskInfo &task);

} // namespace mirra::host
