// Texts as they may go to a terminal: file names, and what files and plugins say of themselves.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace mirra::cli {

/// One line, with escapes for what a terminal would obey; see mirra_text_printable.
std::string printable(const std::string &text);
/// The same of a text of several lines, which stay lines.
std::string printable_lines(const std::string &text);
/// A JSON document in UTF-8: file names need not be, and are shown as well as it can be done.
std::string json_text(const nlohmann::ordered_json &document);
/// A JSON document with its meaning unchanged, the escapes being JSON's own.
std::string printable_json(const nlohmann::ordered_json &document);

} // namespace mirra::cli
