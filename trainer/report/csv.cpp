// Quoting.
#include "report/csv.hpp"

#include "mirra/printable.hpp"

namespace mirra::trainer {

std::string csv_field(const std::string &whole) {
    const std::string text = printable(whole); // tables are looked at in terminals
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

} // namespace mirra::trainer
