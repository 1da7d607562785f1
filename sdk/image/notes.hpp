// Notes of what was left out of a picture's metadata.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace mirra::image::detail {

/// Adds a sentence, once.
inline void add_note(std::vector<std::string> &notes, std::string note) {
    if (std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
}

inline void add_note(std::vector<std::string> *notes, std::string note) {
    if (notes != nullptr) add_note(*notes, std::move(note));
}

} // namespace mirra::image::detail
