// Series of ports and parameters: declared once, there as NAME, NAME_2 ... NAME_max_count.
#pragma once

#include "mirra/error.hpp"
#include "mirra/host.hpp"

namespace mirra::host {

/// Whether it ends in '_' and digits, as the further ones of a series do.
[[nodiscard]] inline bool is_numbered(std::string_view name) noexcept {
    const std::size_t end = name.find_last_not_of("0123456789");
    return end != std::string_view::npos && end + 1 < name.size() && name[end] == '_';
}

inline void make_optional(mirra_port_info &port) noexcept {
    port.flags |= MIRRA_PORT_OPTIONAL;
}
inline void make_optional(mirra_param_info &) noexcept {}

/// Adds a checked port or parameter, or each that its series stands for, the further ones optional.
/// @throws Error plugin where they are more than `most` in all
template<class Item>
void add_series(const Item &item, std::uint32_t most, TaskInfo &task, std::vector<Item> &items) {
    const std::uint32_t count = std::max(item.max_count, 1U);
    if (count > most - items.size())
        throw Error(ErrorCode::plugin, "task '" + task.name() + "' has too many ports or parameters");
    items.push_back(item);
    if (count == 1) return;
    const std::string name = item.name, label = item.label;
    items.back().series_place = 1;
    for (std::uint32_t place = 2; place <= count; ++place) {
        Item further = item;
        const std::string number = std::to_string(place);
        further.name = task.keep(name + "_" + number);
        if (!label.empty()) further.label = task.keep(label + " " + number);
        further.series_place = place;
        make_optional(further);
        items.push_back(further);
    }
}

} // namespace mirra::host
