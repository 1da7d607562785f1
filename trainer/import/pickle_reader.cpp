// Operands of pickle opcodes.
#include "pickle_reader.hpp"

#include "mirra/error.hpp"

#include <bit>

namespace mirra::trainer::importer {

std::uint8_t PickleReader::byte() {
    return static_cast<std::uint8_t>(raw(1).front());
}

std::uint64_t PickleReader::number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view bytes = raw(width);
    for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

double PickleReader::real() {
    std::uint64_t bits = 0;
    for (const char c : raw(8)) bits = bits << 8 | static_cast<std::uint8_t>(c);
    return std::bit_cast<double>(bits);
}

std::string_view PickleReader::raw(std::uint64_t size) {
    if (size > bytes_.size() - at_) fail("the data ends in the middle of a value");
    const std::string_view out(reinterpret_cast<const char *>(bytes_.data() + at_),
                               static_cast<std::size_t>(size));
    at_ += out.size();
    return out;
}

std::string_view PickleReader::line() {
    const std::string_view rest(reinterpret_cast<const char *>(bytes_.data() + at_), bytes_.size() - at_);
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) fail("the data ends in the middle of a line");
    at_ += end + 1;
    return rest.substr(0, end);
}

void PickleReader::fail(const std::string &what) const {
    throw Error(ErrorCode::corrupt,
                "the pickled part is damaged at byte " + std::to_string(at_) + ": " + what, subject_,
                "copy or download the file again");
}

} // namespace mirra::trainer::importer
