// Printing of results, notes and errors.
#include "console.hpp"

#include "printable.hpp"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

namespace mirra::cli {

bool Console::terminal() const noexcept {
    return isatty(STDERR_FILENO) == 1;
}

void Console::result(const std::string &line) const {
    std::cout << printable(line) << '\n';
}

void Console::block(const std::string &lines) const {
    std::cout << printable_lines(lines) << '\n';
}

void Console::document(const Json &document) const {
    std::cout << printable_json(document) << '\n';
}

void Console::note(const std::string &line) const {
    if (!quiet_) std::cerr << printable(line) << '\n';
}

void Console::error(const Failure &failure, const std::string &file) const {
    const std::string text = failure.text();
    const bool said = file.empty() || text.find(file) != std::string::npos;
    std::cerr << "mirra: " << printable(said ? text : file + ": " + text) << '\n';
}

std::string joined(const std::vector<std::string> &names) {
    std::string text;
    for (const std::string &name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string fixed(double value, int digits) {
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    std::ostringstream out;
    out.setf(std::ios::fixed);
    out.precision(digits);
    out << value;
    return out.str();
}

std::string number_text(double value) {
    std::ostringstream out;
    out.precision(19); // whole numbers of 64 bits, whole
    if (value != std::floor(value) || std::abs(value) >= 1e19) out.precision(10);
    out << value;
    return out.str();
}

std::string range_text(double minimum, double maximum) {
    return number_text(minimum) + " ... " + number_text(maximum);
}

std::string byte_text(double bytes) {
    if (bytes >= 1e9) return fixed(bytes / 1e9, 1) + " GB";
    if (bytes >= 1e6) return fixed(bytes / 1e6, 0) + " MB";
    return fixed(bytes / 1e3, 0) + " kB";
}

std::string time_text(double seconds) {
    const auto whole = static_cast<long>(std::min(seconds, 3.6e6) + 0.5);
    const auto two = [](long value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    if (whole < 3600) return std::to_string(whole / 60) + ":" + two(whole % 60);
    return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
}

std::string wrapped(const std::string &text, std::size_t indent, std::size_t width) {
    std::istringstream words(text);
    std::string word;
    std::string out(indent, ' ');
    std::size_t column = indent;
    while (words >> word) {
        if (column > indent && column + 1 + word.size() > width) {
            out += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out;
}

} // namespace mirra::cli
