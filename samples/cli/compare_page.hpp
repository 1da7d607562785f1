// A web page that shows pictures before and after, with a line to move between the two.
#pragma once

#include "handles.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::cli {

/// Where the pictures of one comparison lie.
struct ComparedFiles {
    std::string before, after;
};

/// The page of a call: one file, and beside it a folder of reduced JPEGs.
class ComparePage {
  public:
    /// @param file  ends in .html or .htm
    explicit ComparePage(std::string file) : file_(std::move(file)) {}

    [[nodiscard]] static bool is_page(const std::string &file);
    [[nodiscard]] const std::string &file() const noexcept { return file_; }
    /// Of the comparison number `index`, in the page's folder.
    [[nodiscard]] ComparedFiles files_of(std::size_t index) const;
    /// Adds a comparison whose files are written. The size is that of the picture before.
    void add(const std::string &name, std::size_t index, std::int32_t width, std::int32_t height);
    /// Writes the page, with what was added so far.
    void write() const;

  private:
    struct Entry {
        std::string name;
        std::size_t index;
        std::int32_t width, height;
    };

    std::string file_;
    std::vector<Entry> entries_;
};

/// Writes a picture for a page: a JPEG, at most as large as a screen shows.
void write_for_page(const std::string &path, const Picture &picture);

} // namespace mirra::cli
