// A task as its plugin describes it, checked and copied.
#include "c_struct.hpp"
#include "mirra/error.hpp"
#include "names.hpp"
#include "plugin.hpp"
#include "ports.hpp"
#include "task_series.hpp"
#include "utf8.hpp"
#include "value.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

namespace mirra::host {
namespace {

constexpr std::uint32_t kMostPorts = 32;
constexpr std::uint32_t kMostParameters = 256;
constexpr std::uint32_t kMostChoices = 1024;
/// Fields of mirra_session_options.
constexpr std::string_view kSessionOptions[] = {"bundle",       "device",  "precision", "quality",
                                                "memory_limit", "threads", "tile_size"};

[[noreturn]] void reject(const std::string &what, const std::string &why) {
    throw Error(ErrorCode::plugin, what + " " + why);
}

std::string text(const char *value, const std::string &what) {
    constexpr std::size_t kLongest = 65535;
    if (value == nullptr) return {};
    if (strnlen(value, kLongest + 1) > kLongest) reject(what, "has a text that is longer than 65535 bytes");
    return as_utf8(value);
}

void check_flags(std::uint32_t flags, std::uint32_t known, const std::string &what) {
    if ((flags & ~known) != 0) reject(what, "has a flag that this library does not know");
}

std::string checked_name(const char *value, const std::string &what, const char *also) {
    const std::string name = text(value, what);
    if (!is_name(name, also))
        reject(what, "has the name '" + name +
                         "', which does not begin with a lower case letter, or is not of lower case letters "
                         "and digits, with '" +
                         also[0] + "' only between them");
    return name;
}

/// What a port or parameter says of the series that it declares.
template<class Item>
void read_series(const Item &item, Item &out, const std::string &name, const std::string &what,
                 TaskInfo &task) {
    const std::string series = text(item.series, what);
    out.series = task.keep(series);
    if (item.series_place != 0) reject(what, "states its place in a series, which is the host's to set");
    if (series.empty() && item.max_count == 0) return;
    if (series.empty()) reject(what, "has a max_count, but names no series");
    if (item.max_count < 2) reject(what, "is of a series, but its max_count is below 2");
    if (!is_name(series, "-_")) reject(what, "is of the series '" + series + "', which is no name");
    if (is_numbered(name)) reject(what, "begins a series, so its name must not end in '_' and a number");
}

mirra_port_info read_port(const mirra_port_info &port, const std::string &owner, TaskInfo &task) {
    mirra_port_info out = port;
    const std::string name = checked_name(port.name, owner + ": a port", "-_");
    const std::string what = owner + ": port '" + name + "'";
    out.name = task.keep(name);
    out.label = task.keep(text(port.label, what));
    out.doc = task.keep(text(port.doc, what));
    out.unit = task.keep(text(port.unit, what));
    if (port.type < MIRRA_TYPE_BOOL || port.type > MIRRA_TYPE_TENSOR)
        reject(owner, "has a port of an unknown type");
    if (port.direction != MIRRA_PORT_INPUT && port.direction != MIRRA_PORT_OUTPUT) {
        reject(owner, "has a port of an unknown direction");
    }
    check_flags(port.flags,
                MIRRA_PORT_OPTIONAL | MIRRA_PORT_AS_IS | MIRRA_PORT_COLORED | MIRRA_PORT_WITH_ALPHA, what);
    read_series(port, out, name, what, task);
    return out;
}

void read_choices(const mirra_param_info &info, mirra_param_info &out, const std::string &what,
                  TaskInfo &task) {
    if (info.choice_count > kMostChoices) reject(what, "has too many choices");
    if (info.choice_count > 0 && info.choices == nullptr) reject(what, "has choices that are NULL");
    std::vector<const char *> choices, labels;
    std::set<std::string> seen;
    for (std::uint32_t i = 0; i < info.choice_count; ++i) {
        const std::string choice = text(info.choices[i], what);
        if (choice.empty()) reject(what, "has a choice that is empty or NULL");
        if (!seen.insert(choice).second) reject(what, "has the choice '" + choice + "' twice");
        const char *label = info.choice_labels == nullptr ? nullptr : info.choice_labels[i];
        choices.push_back(task.keep(choice));
        labels.push_back(label == nullptr ? choices.back() : task.keep(text(label, what)));
    }
    if (info.type == MIRRA_TYPE_ENUM && choices.empty()) reject(what, "has no choices");
    out.choices = task.keep(std::move(choices));
    out.choice_labels = task.keep(std::move(labels));
}

void read_range(mirra_param_info &out, const std::string &what) {
    if (out.soft_minimum == 0 && out.soft_maximum == 0) {
        out.soft_minimum = out.minimum;
        out.soft_maximum = out.maximum;
    }
    if (!is_number(out)) return;
    if (!std::isfinite(out.minimum) || !std::isfinite(out.maximum) || !std::isfinite(out.step))
        reject(what, "has a range that is not finite");
    const bool ordered = out.minimum <= out.soft_minimum && out.soft_minimum <= out.soft_maximum &&
                         out.soft_maximum <= out.maximum && out.step >= 0;
    if (!ordered) reject(what, "has a range whose ends are out of order");
}

/// The default where none is given.
const char *empty_of(mirra_type type) {
    return type == MIRRA_TYPE_COLOR ? "#000000" : "";
}

/// As the parameter would keep it: a text where it is one, else a number.
void read_default(const mirra_param_info &info, mirra_param_info &out, const std::string &what,
                  TaskInfo &task) {
    Value value;
    try {
        if (info.default_text != nullptr) {
            value = parse(out, info.default_text);
        } else if (out.type == MIRRA_TYPE_BOOL) {
            value = info.default_value != 0;
        } else {
            value = is_number(out) ? accept(out, info.default_value) : parse(out, empty_of(out.type));
        }
    } catch (const Error &error) {
        reject(what, std::string("has a default that it does not allow: ") + error.what());
    }
    set_default(out, value, task);
}

} // namespace

void set_default(mirra_param_info &out, const Value &value, TaskInfo &task) {
    const auto *kept = std::get_if<std::string>(&value);
    out.default_text = kept == nullptr ? nullptr : task.keep(*kept);
    const auto number = [](const auto &plain) {
        if constexpr (std::is_same_v<std::decay_t<decltype(plain)>, std::string>) {
            return 0.0;
        } else {
            return static_cast<double>(plain);
        }
    };
    out.default_value = std::visit(number, value);
}

mirra_param_info read_param(const mirra_param_info &info, const std::string &owner, TaskInfo &task) {
    mirra_param_info out = info;
    const std::string name = checked_name(info.name, owner + ": a parameter", "-_");
    const std::string what = owner + ": parameter '" + name + "'";
    const bool plain = info.type >= MIRRA_TYPE_BOOL && info.type <= MIRRA_TYPE_ENUM;
    if (!plain && info.type != MIRRA_TYPE_FILE && info.type != MIRRA_TYPE_COLOR)
        reject(what, "has an unknown type");
    check_flags(info.flags, MIRRA_PARAM_ADVANCED | MIRRA_PARAM_DEPRECATED | MIRRA_PARAM_PIXELS, what);
    if ((info.flags & MIRRA_PARAM_PIXELS) != 0 && !is_number(info))
        reject(what, "counts pixels, but is no number");
    if (info.reserved != 0) reject(what, "uses the reserved field");
    out.since = std::max(info.since, 1U);
    out.name = task.keep(name);
    out.label = task.keep(text(info.label, what));
    out.doc = task.keep(text(info.doc, what));
    out.group = task.keep(text(info.group, what));
    out.unit = task.keep(text(info.unit, what));
    out.visible_if = task.keep(text(info.visible_if, what));
    read_choices(info, out, what, task);
    read_range(out, what);
    read_default(info, out, what, task);
    read_series(info, out, name, what, task);
    return out;
}

namespace {

/// Hosts make options of them, in which '_' is '-'.
template<class Items> void check_unique(const Items &items, const std::string &owner) {
    std::map<std::string, std::string> seen;
    for (const auto &item : items) {
        std::string plain = item.name;
        std::ranges::replace(plain, '_', '-');
        const auto [other, fresh] = seen.emplace(plain, item.name);
        if (fresh) continue;
        if (other->second == item.name) reject(owner, "has two of the name '" + other->second + "'");
        reject(owner, "has the names '" + other->second + "' and '" + item.name +
                          "', which differ by '-' for '_' alone");
    }
}

/// "NAME=VALUE|VALUE": another parameter, and values that it takes.
void check_condition(const TaskInfo &task, const mirra_param_info &param, const std::string &owner) {
    const std::string what = owner + ": parameter '" + param.name + "'", condition = param.visible_if;
    if (condition.empty()) return;
    const std::size_t sign = condition.find('=');
    const std::string name = condition.substr(0, sign);
    const auto other = std::ranges::find_if(task.params, [&](const auto &each) { return name == each.name; });
    if (sign == std::string::npos || other == task.params.end() || name == param.name)
        reject(what, "has the condition '" + condition + "', which does not name another parameter");
    for (std::size_t begin = sign + 1; begin <= condition.size();) {
        const std::size_t end = std::min(condition.find('|', begin), condition.size());
        try {
            parse(*other, std::string_view(condition).substr(begin, end - begin));
        } catch (const Error &error) {
            reject(what, "has the condition '" + condition + "': " + error.what());
        }
        begin = end + 1;
    }
}

void check_ports(const TaskInfo &task, const std::string &what) {
    const auto count = [&](bool output) {
        return std::ranges::count_if(
            task.ports, [&](const auto &port) { return is_image(port) && is_output(port) == output; });
    };
    const mirra_port_info *input = main_input(task), *output = main_output(task);
    if (input == nullptr && output == nullptr) reject(what, "must have an image input or an image output");
    const bool needed = input != nullptr ? count(false) > 1 && is_optional(*input) : is_optional(*output);
    if (needed)
        reject(what, std::string("must not have an optional first image ") +
                         (input != nullptr ? "input" : "output") + ": its size is that of the run");
    for (const mirra_port_info &port : task.ports) {
        const bool sees_alpha = (port.flags & MIRRA_PORT_WITH_ALPHA) != 0;
        const bool is_main = &port == input || &port == output;
        if (sees_alpha && !is_main)
            reject(what, "has MIRRA_PORT_WITH_ALPHA at the port '" + std::string(port.name) +
                             "', which is neither the first image input nor the first image output");
    }
    if (input != nullptr && output != nullptr &&
        ((input->flags ^ output->flags) & MIRRA_PORT_WITH_ALPHA) != 0)
        reject(what, "has MIRRA_PORT_WITH_ALPHA at its image input or its image output alone");
}

void check_functions(const mirra_task &task, const std::string &what) {
    if (task.create == nullptr || task.destroy == nullptr || task.configure == nullptr ||
        task.process == nullptr) {
        reject(what, "lacks one of create, destroy, configure and process");
    }
    const bool global = (task.flags & MIRRA_TASK_GLOBAL_STATISTICS) != 0;
    if (global != (task.measure != nullptr)) {
        reject(what, "must have a measure function exactly if it needs global statistics");
    }
}

} // namespace

bool is_name(std::string_view name, std::string_view also) noexcept {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto plain = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() < 64 && letter(name.front()) && plain(name.back()) &&
           std::ranges::all_of(name, [&](char c) { return plain(c) || also.find(c) != std::string::npos; });
}

PluginTask read_task(const mirra_task *task) {
    PluginTask out;
    out.functions = read_struct(task, "task");
    const mirra_task &in = out.functions;
    TaskInfo &known = out.info;
    const std::string name = checked_name(in.name, "a task", "-"), what = "task '" + name + "'";
    if (in.port_count > kMostPorts || in.param_count > kMostParameters)
        reject(what, "has too many ports or parameters");
    check_flags(in.flags, MIRRA_TASK_GLOBAL_STATISTICS | MIRRA_TASK_NO_NETWORK | MIRRA_TASK_CONCURRENT_TILES,
                what);
    check_functions(in, what);
    known.info.flags = in.flags;
    known.info.name = known.keep(name);
    known.info.label = in.label == nullptr ? known.info.name : known.keep(text(in.label, what));
    known.info.doc = known.keep(text(in.doc, what));
    known.info.default_bundle = known.keep(text(in.default_bundle, what));
    for (const auto &port : read_array(in.ports, in.port_count, "ports"))
        add_series(read_port(port, what, known), kMostPorts, known, known.ports);
    for (const auto &param : read_array(in.params, in.param_count, "params"))
        add_series(read_param(param, what, known), kMostParameters, known, known.params);
    known.info.port_count = static_cast<std::uint32_t>(known.ports.size());
    known.info.param_count = static_cast<std::uint32_t>(known.params.size());
    check_unique(known.ports, what);
    check_unique(known.params, what);
    check_ports(known, what);
    for (const mirra_param_info &param : known.params) check_condition(known, param, what);
    return out;
}

std::string_view TaskInfo::own_name() const noexcept {
    const std::string_view listed = info.name;
    return listed.substr(listed.rfind(':') + 1); // npos + 1 is 0
}

std::string TaskInfo::full_name() const {
    return std::string(info.plugin_id) + ":" + std::string(own_name());
}

const mirra_port_info *TaskInfo::port(std::string_view wanted) const noexcept {
    const auto found = std::ranges::find_if(ports, [&](const auto &port) { return wanted == port.name; });
    return found == ports.end() ? nullptr : &*found;
}

const mirra_param_info &TaskInfo::param(std::string_view wanted) const {
    std::vector<std::string> names;
    for (const mirra_param_info &param : params) {
        if (wanted == param.name) return param;
        names.emplace_back(param.name);
    }
    const bool of_session = std::ranges::find(kSessionOptions, wanted) != std::end(kSessionOptions);
    throw Error(
        ErrorCode::not_found, "the task '" + name() + "' has no parameter '" + std::string(wanted) + "'",
        std::string(wanted),
        (of_session ? "It is an option of the session: give it when the session is made. " : "") +
            (names.empty() ? "The task has no parameters."
                           : did_you_mean(wanted, names) + "Its parameters are: " + joined(names) + "."));
}

const char *TaskInfo::keep(std::string text) {
    return texts_.emplace_back(std::move(text)).c_str();
}

const char *const *TaskInfo::keep(std::vector<const char *> texts) {
    return lists_.emplace_back(std::move(texts)).data();
}

} // namespace mirra::host
