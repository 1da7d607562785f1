#include "filters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

namespace mirra_filters {
namespace {

constexpr std::size_t max_resting = 8; // sessions: as many as frames or regions are at work at once, about

std::string identifier(const std::string &text, char between) {
    std::string made;
    for (const char c : text) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool kept = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        made += upper ? static_cast<char>(c - 'A' + 'a') : kept ? c : between;
    }
    if (made.empty() || made[0] < 'a' || made[0] > 'z') made.insert(0, std::string("x") + between);
    return made;
}

// A name that is not in `taken` yet, and is then.
std::string unique(const std::string &wanted, std::set<std::string> &taken) {
    std::string name = wanted;
    for (int number = 2; !taken.insert(name).second; ++number) name = wanted + std::to_string(number);
    return name;
}

bool is_number(const mirra_param_info &info) {
    return info.type == MIRRA_TYPE_INT || info.type == MIRRA_TYPE_FLOAT;
}

Setting::Type type_of(mirra_type type) {
    switch (type) {
    case MIRRA_TYPE_BOOL:
        return Setting::Type::boolean;
    case MIRRA_TYPE_INT:
        return Setting::Type::whole;
    case MIRRA_TYPE_FLOAT:
        return Setting::Type::real;
    case MIRRA_TYPE_ENUM:
        return Setting::Type::choice;
    case MIRRA_TYPE_FILE:
        return Setting::Type::file;
    case MIRRA_TYPE_COLOR:
        return Setting::Type::color;
    default:
        return Setting::Type::text;
    }
}

std::vector<Choice> choices_of(const mirra_param_info &info) {
    std::vector<Choice> choices;
    for (std::uint32_t i = 0; i < info.choice_count; ++i)
        choices.push_back({info.choices[i], info.choice_labels[i]});
    return choices;
}

std::string default_of(const mirra_param_info &info) {
    if (info.type == MIRRA_TYPE_BOOL) return info.default_value != 0 ? "true" : "false";
    if (is_number(info)) return text_of(info.default_value);
    return info.default_text == nullptr ? "" : info.default_text;
}

Setting setting_of(const mirra_param_info &info) {
    Setting setting;
    setting.type = type_of(info.type);
    setting.target = info.name;
    setting.name = identifier(info.name, '_');
    setting.label = info.label;
    setting.doc = info.doc;
    setting.group = info.group;
    setting.unit = info.unit;
    setting.initial = default_of(info);
    setting.minimum = info.minimum;
    setting.maximum = info.maximum;
    setting.soft_minimum = info.soft_minimum;
    setting.soft_maximum = info.soft_maximum;
    setting.step = info.step;
    if (!is_number(info)) setting.choices = choices_of(info);
    setting.advanced = (info.flags & MIRRA_PARAM_ADVANCED) != 0 || info.series_place > 1;
    setting.visible_if = info.visible_if;
    return setting;
}

// Hosts have no number that may be a word: it becomes a choice and a number.
void add_parameter(std::vector<Setting> &settings, const mirra_param_info &info) {
    if ((info.flags & MIRRA_PARAM_DEPRECATED) != 0) return;
    Setting setting = setting_of(info);
    if (is_number(info) && info.choice_count > 0) {
        Setting mode = setting;
        mode.type = Setting::Type::choice;
        mode.role = Setting::Role::mode;
        mode.name += "_mode";
        mode.choices = choices_of(info);
        mode.choices.push_back({by_number, "As set"});
        mode.initial = info.default_text == nullptr ? by_number : info.default_text;
        setting.visible_if = mode.name + "=" + by_number;
        settings.push_back(std::move(mode));
    }
    settings.push_back(std::move(setting));
}

Setting made(Setting::Role role, Setting::Type type, const char *name, const char *label, const char *doc) {
    Setting setting;
    setting.type = type;
    setting.role = role;
    setting.name = name;
    setting.label = label;
    setting.doc = doc;
    return setting;
}

Setting picture_of(const mirra_port_info &port) {
    Setting setting = made(Setting::Role::picture, Setting::Type::file, "", port.label, port.doc);
    setting.name = identifier(port.name, '_');
    setting.target = port.name;
    setting.advanced = port.series_place > 1;
    setting.required = (port.flags & MIRRA_PORT_OPTIONAL) == 0;
    return setting;
}

Setting quality_of(const mirra_task_info &task) {
    Setting quality =
        made(Setting::Role::quality, Setting::Type::choice, "quality", "Quality", "Faster, or better.");
    for (std::uint32_t i = 0; i < task.quality_count; ++i) {
        const std::string name = task.qualities[i];
        quality.choices.push_back({name, name});
        if (quality.initial.empty() || name == "balanced") quality.initial = name;
    }
    return quality;
}

// The choices are found when somebody asks for them, see Filters::choices.
Setting device_of() {
    Setting device = made(Setting::Role::device, Setting::Type::text, "device", "Device",
                          "What computes: cpu, or a card that `mirra devices` lists, such as cuda:0.");
    device.initial = "cpu";
    device.advanced = true;
    return device;
}

Setting memory_limit() {
    Setting limit = made(Setting::Role::memory_limit, Setting::Type::whole, "memory_limit", "Memory limit",
                         "The most memory that the filter may take; 0: no limit.");
    limit.unit = "MiB";
    limit.initial = "0";
    limit.maximum = 1 << 20;
    limit.soft_maximum = 16384;
    limit.advanced = true;
    return limit;
}

// How a filter runs: what the command `mirra` has as options of its own.
void add_run_settings(std::vector<Setting> &settings, const mirra_task_info &task) {
    if (task.quality_count > 0) settings.insert(settings.begin(), quality_of(task));
    if ((task.flags & MIRRA_TASK_NO_NETWORK) == 0) {
        settings.push_back(made(Setting::Role::bundle, Setting::Type::file, "bundle", "Bundle",
                                "File with the trained networks; empty: the default."));
        settings.back().advanced = true;
        settings.push_back(device_of());
    }
    settings.push_back(memory_limit());
}

// Puts a port of a task into its filter. False if no host could serve the port.
bool add_port(Filter &filter, const mirra_port_info &port) {
    const bool optional = (port.flags & MIRRA_PORT_OPTIONAL) != 0;
    const bool image = port.type == MIRRA_TYPE_IMAGE;
    std::string &main = port.direction == MIRRA_PORT_INPUT ? filter.input : filter.output;
    if (image && main.empty()) {
        main = port.name;
        if (port.direction == MIRRA_PORT_OUTPUT)
            filter.colored_output = (port.flags & MIRRA_PORT_COLORED) != 0;
        return port.direction == MIRRA_PORT_OUTPUT || !optional;
    }
    if (image && port.direction == MIRRA_PORT_INPUT) {
        filter.settings.push_back(picture_of(port));
        return true;
    }
    return optional || (port.direction == MIRRA_PORT_OUTPUT && !image);
}

// Nothing if the task does not make one picture of one.
std::optional<Filter> filter_of(const api::Engine &engine, const mirra_task_info &task) {
    Filter filter;
    filter.task = task.name;
    filter.label = task.label;
    filter.doc = task.doc;
    filter.global_statistics = (task.flags & MIRRA_TASK_GLOBAL_STATISTICS) != 0;
    for (const auto &port : engine.ports(task.name))
        if (!add_port(filter, port)) return std::nullopt;
    if (filter.input.empty() || filter.output.empty()) return std::nullopt;
    for (const auto &info : engine.params(task.name)) add_parameter(filter.settings, info);
    std::stable_partition(filter.settings.begin(), filter.settings.end(), [](const Setting &setting) {
        return setting.role != Setting::Role::picture || setting.required;
    });
    add_run_settings(filter.settings, task);
    std::set<std::string> taken;
    for (auto &setting : filter.settings) setting.name = unique(setting.name, taken);
    return filter;
}

const std::string &value_of(const Setting &setting, const Values &values) {
    const auto found = values.find(setting.name);
    return found == values.end() ? setting.initial : found->second;
}

} // namespace

const Setting *Filter::setting(const std::string &setting_name) const noexcept {
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&](const Setting &setting) { return setting.name == setting_name; });
    return found == settings.end() ? nullptr : &*found;
}

const Setting *Filter::mode_of(const Setting &number) const noexcept {
    if (number.role != Setting::Role::parameter) return nullptr;
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting &setting) {
        return setting.role == Setting::Role::mode && setting.target == number.target;
    });
    return found == settings.end() ? nullptr : &*found;
}

bool Filter::counts(const Setting &setting, const Values &values) const {
    const auto equals = setting.visible_if.find('=');
    if (equals == std::string::npos) return true;
    const Setting *const other = this->setting(setting.visible_if.substr(0, equals));
    if (other == nullptr) return true;
    const std::string wanted = "|" + setting.visible_if.substr(equals + 1) + "|";
    return wanted.find("|" + value_of(*other, values) + "|") != std::string::npos;
}

void Filter::put(Values &values, const Setting &setting, const std::string &text) const {
    const Setting *const mode = mode_of(setting);
    const auto is_text = [&](const Choice &choice) { return choice.value == text; };
    const bool word = mode != nullptr && std::any_of(mode->choices.begin(), mode->choices.end(), is_text);
    if (mode != nullptr) values[mode->name] = word ? text : by_number;
    if (!word) values[setting.name] = text;
}

std::string text_of(double number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
    return {text.data(), end.ptr};
}

std::string message_of(const std::exception &error) {
    const auto *const known = dynamic_cast<const api::Error *>(&error);
    std::string message = error.what();
    if (known == nullptr) return message;
    if (!known->subject().empty() && message.find(known->subject()) == std::string::npos)
        message = known->subject() + ": " + message;
    if (!known->hint().empty()) message += ". " + known->hint();
    return message;
}

namespace detail {

struct Loaded {
    const Filter *filter;
    Values made_of; ///< quality, bundle, device and limit: what a session cannot change
    api::Session session;
    std::map<std::string, api::Picture> pictures; ///< further ones, by port
    Values stamps;                                ///< of their files, by port
};

} // namespace detail

namespace {

using Role = Setting::Role;

bool is_fixed(Role role) {
    return role == Role::quality || role == Role::bundle || role == Role::device ||
           role == Role::memory_limit;
}

void refuse_unknown(const Filter &filter, const Values &values) {
    for (const auto &[name, value] : values)
        if (filter.setting(name) == nullptr)
            throw api::Error(MIRRA_E_NOT_FOUND, filter.name + " has no setting '" + name + "'", name);
}

Values fixed_part(const Filter &filter, const Values &values) {
    Values fixed;
    for (const auto &setting : filter.settings)
        if (is_fixed(setting.role)) fixed[setting.name] = value_of(setting, values);
    return fixed;
}

std::uint64_t bytes_of(const Setting &setting, const std::string &mebibytes) {
    std::uint64_t limit = 0;
    const auto [end, error] = std::from_chars(mebibytes.data(), mebibytes.data() + mebibytes.size(), limit);
    if (error != std::errc() || end != mebibytes.data() + mebibytes.size() ||
        limit > static_cast<std::uint64_t>(setting.maximum))
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, "'" + mebibytes + "' is no number of MiB", setting.name,
                         "give a whole number from 0 to " + text_of(setting.maximum));
    return limit << 20;
}

api::Session made_session(const api::Engine &engine, const Filter &filter, const Values &fixed) {
    api::SessionOptions options;
    options.task = filter.task;
    api::Bundle bundle;
    for (const auto &setting : filter.settings) {
        if (!is_fixed(setting.role)) continue;
        const std::string &value = fixed.at(setting.name);
        if (setting.role == Role::quality) options.quality = value;
        if (setting.role == Role::device) options.device = value;
        if (setting.role == Role::memory_limit) options.memory_limit = bytes_of(setting, value);
        if (setting.role == Role::bundle && !value.empty())
            bundle = api::Bundle::open(engine.find_bundle(value));
    }
    if (bundle) {
        options.bundle = &bundle;
        options.quality.clear(); // a bundle is what it is
    }
    return engine.session(options);
}

void set_parameters(api::Session &session, const Filter &filter, const Values &values) {
    session.reset_params();
    for (const auto &setting : filter.settings) {
        if (setting.role != Role::parameter && setting.role != Role::mode) continue;
        const std::string &value = value_of(setting, values);
        const Setting *const mode = filter.mode_of(setting);
        if (mode != nullptr && value_of(*mode, values) != by_number) continue; // a word holds
        const bool initial = value == setting.initial && (mode == nullptr || mode->initial == by_number);
        if (initial || (setting.role == Role::mode && value == by_number)) continue;
        session.set_text(setting.target, value);
    }
}

// What tells a file from another one of the same path: the picture is read anew when it has changed.
std::string stamp_of(const std::string &path) {
    std::error_code unknown;
    const auto time = std::filesystem::last_write_time(path, unknown).time_since_epoch().count();
    return path + '\n' + std::to_string(unknown ? 0 : time);
}

void read_pictures(detail::Loaded &loaded, const Values &values) {
    for (const auto &setting : loaded.filter->settings) {
        if (setting.role != Role::picture) continue;
        const std::string &path = value_of(setting, values);
        const std::string stamp = path.empty() ? "" : stamp_of(path);
        if (loaded.stamps[setting.target] == stamp) continue;
        loaded.stamps.erase(setting.target);
        loaded.pictures.erase(setting.target);
        if (!path.empty()) loaded.pictures.emplace(setting.target, api::Picture::read(path));
        loaded.stamps[setting.target] = stamp;
    }
}

} // namespace

Lease::Lease(Filters &owner, std::unique_ptr<detail::Loaded> loaded) noexcept
    : owner_(&owner)
    , loaded_(std::move(loaded)) {}
Lease::Lease(Lease &&) noexcept = default;
Lease &Lease::operator=(Lease &&other) noexcept {
    if (loaded_) owner_->give_back(std::move(loaded_));
    owner_ = other.owner_;
    loaded_ = std::move(other.loaded_);
    return *this;
}
Lease::~Lease() {
    if (loaded_) owner_->give_back(std::move(loaded_));
}

api::Session &Lease::session() const noexcept {
    return loaded_->session;
}
const Filter &Lease::filter() const noexcept {
    return *loaded_->filter;
}

api::Result Lease::run(const api::ConstImage &from, const api::Image &to, api::RunOptions options) const {
    return run(api::in(loaded_->filter->input, from), api::out(loaded_->filter->output, to),
               std::move(options));
}

api::Result Lease::run(api::Port from, api::Port to, api::RunOptions options) const {
    std::vector<api::Port> ports{std::move(from), std::move(to)};
    for (const auto &[port, picture] : loaded_->pictures) ports.push_back(api::in(port, picture));
    return loaded_->session.run(std::move(ports), std::move(options));
}

Filters::Filters(const api::EngineOptions &options) : engine_(api::Engine::create(options)) {
    std::set<std::string> taken;
    for (const auto &task : engine_.tasks()) {
        auto filter = filter_of(engine_, task);
        if (!filter) continue;
        filter->name = unique(identifier(task.name, '-'), taken);
        filters_.push_back(std::move(*filter));
    }
}

Filters::~Filters() = default;

const Filter *Filters::find(const std::string &name) const noexcept {
    const auto found = std::find_if(filters_.begin(), filters_.end(),
                                    [&](const Filter &filter) { return filter.name == name; });
    return found == filters_.end() ? nullptr : &*found;
}

std::vector<Choice> Filters::choices(const Setting &setting) const {
    if (setting.role != Role::device) return setting.choices;
    std::vector<Choice> choices;
    for (const auto &device : engine_.devices())
        if (device.usable != 0) choices.push_back({device.id, device.name});
    return choices;
}

Lease Filters::lease(const Filter &filter, const Values &values) {
    refuse_unknown(filter, values);
    const Values fixed = fixed_part(filter, values);
    std::unique_ptr<detail::Loaded> loaded;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = std::find_if(resting_.rbegin(), resting_.rend(), [&](const auto &each) {
            return each->filter == &filter && each->made_of == fixed;
        });
        if (found != resting_.rend()) {
            loaded = std::move(*found);
            resting_.erase(std::next(found).base());
        }
    }
    if (!loaded)
        loaded.reset(new detail::Loaded{&filter, fixed, made_session(engine_, filter, fixed), {}, {}});
    Lease lease(*this, std::move(loaded));
    set_parameters(lease.session(), filter, values);
    read_pictures(*lease.loaded_, values);
    return lease;
}

void Filters::give_back(std::unique_ptr<detail::Loaded> loaded) noexcept {
    std::unique_ptr<detail::Loaded> oldest; // destroyed without the lock
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
        resting_.push_back(std::move(loaded));
    } catch (const std::bad_alloc &) {
        return; // it ends here
    }
    if (resting_.size() <= max_resting) return;
    oldest = std::move(resting_.front());
    resting_.erase(resting_.begin());
}

} // namespace mirra_filters
