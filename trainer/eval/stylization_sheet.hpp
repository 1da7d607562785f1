// Sheets of stylized pictures, as the paper's Figures 6 and A5.
#pragma once

#include "report/sheet.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

/// The pictures that a sheet shows, gathered as they are measured; large ones are reduced.
class StylizationSheet {
  public:
    StylizationSheet() = default;
    /// @param contents,styles  of the evaluation; `count` of either, evenly spaced, are shown
    StylizationSheet(std::size_t contents, std::size_t styles, std::size_t count);

    [[nodiscard]] bool shows_content(std::size_t content) const;
    [[nodiscard]] bool shows_style(std::size_t style) const;
    /// Pictures that are not shown are passed over.
    void add_content(std::size_t content, const std::string &name, const FloatPicture &picture);
    void add_style(std::size_t style, const std::string &name, const FloatPicture &picture);
    /// @param stylizer  row of the table
    void add_result(std::size_t stylizer, std::size_t content, std::size_t style,
                    const FloatPicture &picture);

    /// One stylizer: the styles in the first row, the contents in the first column.
    [[nodiscard]] std::vector<SheetRow> grid(std::size_t stylizer) const;
    /// A row a content, each with another style: content, style, the result of each stylizer.
    /// @param names  of the stylizers, by row of the table
    [[nodiscard]] std::vector<SheetRow> comparison(const std::vector<std::string> &names) const;

  private:
    using Pair = std::pair<std::size_t, std::size_t>; ///< content, style
    [[nodiscard]] SheetCell result(std::size_t stylizer, Pair pair, const std::string &caption) const;

    std::vector<std::size_t> shown_contents_, shown_styles_;
    std::map<std::size_t, SheetCell> contents_, styles_;
    std::map<std::size_t, std::map<Pair, FloatPicture>> results_;
};

/// `path` with the stylizer's name and levels before its suffix: "sheet-ar-conv5-conv2-conv1.png".
std::filesystem::path sheet_of(const std::filesystem::path &path, const std::string &name,
                               const std::string &levels);

} // namespace mirra::trainer
