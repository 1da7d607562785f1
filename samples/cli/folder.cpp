// Walks folders.
#include "folder.hpp"

#include "formats.hpp"

#include <algorithm>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

class Walk {
  public:
    Walk(bool recursive, fs::path results) : recursive_(recursive), results_(std::move(results)) {}

    void top(const fs::path &folder) {
        if (const std::error_code error = list(folder)) content_.unreadable = error.message();
    }
    FolderContent take() {
        std::sort(content_.pictures.begin(), content_.pictures.end());
        return std::move(content_);
    }

  private:
    void skip(const fs::path &path, std::string reason) {
        content_.skipped.push_back({path.string(), std::move(reason)});
    }

    std::error_code list(const fs::path &folder) {
        std::error_code error;
        std::vector<fs::path> entries;
        for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
            entries.push_back(entry->path());
        std::sort(entries.begin(), entries.end());
        for (const auto &entry : entries) visit(entry);
        return error;
    }

    void visit(const fs::path &path) {
        const std::string name = path.filename().string();
        if (name.starts_with("._")) return skip(path, "a side file of macOS");
        if (name.starts_with('.')) return skip(path, "a hidden file");
        std::error_code error;
        std::error_code ignored;
        const bool link = fs::is_symlink(path, ignored);
        const auto status = fs::status(path, error);
        if (!fs::exists(status)) {
            const std::string reason = error ? ": " + error.message() : "";
            return skip(path,
                        link ? "a link that leads nowhere" + reason : "it cannot be looked at" + reason);
        }
        if (fs::is_directory(status)) return visit_folder(path, link);
        if (!fs::is_regular_file(status)) return skip(path, "no regular file");
        if (format_of(path) != nullptr || (!path.has_extension() && format_of_content(path) != nullptr))
            content_.pictures.push_back(path);
        else
            skip(path, "not the name of a picture file");
    }

    void visit_folder(const fs::path &folder, bool link) {
        std::error_code ignored;
        if (!recursive_) return;
        if (link) return skip(folder, "a link to a folder");
        if (!results_.empty() && fs::equivalent(folder, results_, ignored))
            return skip(folder, "the folder of the results");
        if (const std::error_code error = list(folder))
            skip(folder, "the folder cannot be read: " + error.message());
    }

    bool recursive_;
    fs::path results_;
    FolderContent content_;
};

} // namespace

FolderContent read_folder(const fs::path &folder, bool recursive, const fs::path &results) {
    Walk walk(recursive, results);
    walk.top(folder);
    return walk.take();
}

} // namespace mirra::cli
