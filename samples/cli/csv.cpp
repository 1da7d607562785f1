// Rows, quotes, and the file.
#include "csv.hpp"

#include "handles.hpp"
#include "made_folders.hpp"
#include "printable.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace mirra::cli {
namespace {

/// In quotes where it must be; quotes within are doubled. Printable, since tables are looked at in terminals.
std::string quoted(const std::string &whole) {
    const std::string text = printable(whole);
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

/// A JSON value as a field: texts as they are, numbers in full, nothing for null.
std::string field(const Json &object, const std::string &name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return "";
    return quoted(found->is_string() ? found->get<std::string>() : found->dump());
}

/// The values of all runs, in the order in which they first appear.
std::vector<std::string> value_names(const Json &results) {
    std::vector<std::string> names;
    for (const auto &result : results) {
        const auto values = result.find("values");
        if (values == result.end()) continue;
        for (const auto &[name, value] : values->items())
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
}

} // namespace

std::string csv_table(const Json &results) {
    const auto names = value_names(results);
    std::string table = "input,width,height";
    for (const auto &name : names) table += ',' + quoted(name);
    table += ",error\r\n";
    for (const auto &result : results) {
        const Json values = result.value("values", Json::object()),
                   error = result.value("error", Json::object());
        table += field(result, "input") + ',' + field(result, "width") + ',' + field(result, "height");
        for (const auto &name : names) table += ',' + field(values, name);
        table += ',' + field(error, "message") + "\r\n";
    }
    return table;
}

void write_text(const std::string &path, const std::string &text) {
    into_folder(path,
                [&] { in_phase(Phase::output, [&] { api::write_file(path, text.data(), text.size()); }); });
}

} // namespace mirra::cli
