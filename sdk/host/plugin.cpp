// Loading of plugins: every way in which a file can be wrong ends in a reason, not in a crash.
#include "plugin.hpp"

#include "mirra/error.hpp"
#include "paths.hpp"
#include "session_state.hpp"
#include "shared_library.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cctype>
#include <type_traits>

namespace mirra::host {
namespace {

[[noreturn]] void reject(const std::string &reason, const std::string &hint = {}) {
    throw Error(ErrorCode::plugin, reason, {}, hint);
}

std::string range(std::uint32_t low, std::uint32_t high) {
    return low == high ? std::to_string(low) : std::to_string(low) + " to " + std::to_string(high);
}

mirra_plugin_info query(boost::dll::shared_library &library) {
    if (!library.has(MIRRA_PLUGIN_QUERY_SYMBOL)) {
        reject("it exports no " MIRRA_PLUGIN_QUERY_SYMBOL ": not a plugin for this version of Mirra");
    }
    const auto function =
        library.get<std::remove_pointer_t<mirra_plugin_query_function>>(MIRRA_PLUGIN_QUERY_SYMBOL);
    // Room behind the struct, so that a plugin that was built against a larger one does no harm and is found
    // out.
    struct {
        mirra_plugin_info info;
        unsigned char beyond[256];
    } answer{};
    answer.info.struct_size = sizeof(mirra_plugin_info);
    const mirra_host_info host{sizeof(mirra_host_info), kPluginAbiMin, kPluginAbiMax, 0, MIRRA_VERSION_TEXT};
    mirra_status status = MIRRA_OK;
    call_plugin("its query function", [&](mirra_error **) {
        status = function(&host, &answer.info);
        return MIRRA_OK;
    });
    if (status != MIRRA_OK)
        reject("it declined this version of Mirra (status " + std::to_string(status) + ")");
    if (answer.info.struct_size != sizeof(mirra_plugin_info) ||
        std::any_of(std::begin(answer.beyond), std::end(answer.beyond),
                    [](unsigned char b) { return b != 0; })) {
        reject("it wrote over parts of the query that are not its own",
               "Rebuild it with this version's mirra_plugin.h.");
    }
    return answer.info;
}

std::uint32_t agree(const mirra_plugin_info &info) {
    const std::uint32_t abi = std::min(info.abi_max, kPluginAbiMax);
    if (info.abi_min > info.abi_max || abi < std::max(info.abi_min, kPluginAbiMin)) {
        reject("it speaks plugin ABI " + range(info.abi_min, info.abi_max) + ", this library " +
                   range(kPluginAbiMin, kPluginAbiMax),
               info.abi_min > kPluginAbiMax ? "Install a newer Mirra." : "Ask its author for a newer build.");
    }
    return abi;
}

std::string checked_text(const char *text, const char *what) {
    if (text == nullptr || *text == '\0') reject(std::string("it gives no ") + what);
    std::string copy(text);
    if (copy.size() > 127) reject(std::string("its ") + what + " is longer than 127 characters");
    return as_utf8(std::move(copy));
}

/// Of letters, digits, '.', '-' and '_': it stands before names of tasks.
std::string checked_id(const char *id) {
    std::string text = checked_text(id, "id");
    const auto plain = [](unsigned char c) {
        return c < 128 && (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_');
    };
    if (!std::ranges::all_of(text, plain))
        reject("its id '" + text + "' is no reverse domain name", "Such as org.example.sharpen.");
    return text;
}

} // namespace

Plugin::Plugin(const std::filesystem::path &file, InitFunction init, Log log)
    : folder_(std::filesystem::absolute(file).lexically_normal().parent_path().string())
    , init_(init)
    , log_(std::move(log))
    , table_(take_table(init, *this)) {}

Plugin::~Plugin() {
    give_back_table(init_, table_);
}

void Plugin::log(std::int32_t level, const std::string &message) const {
    const Log callers = log_; // which may end the engine, and this with it
    if (callers) callers(std::clamp<std::int32_t>(level, MIRRA_LOG_DEBUG, MIRRA_LOG_ERROR), as_utf8(message));
}

void Plugin::register_task(const mirra_task *task) {
    const std::lock_guard lock(mutex_);
    if (!registering_) reject("a task was registered after init");
    PluginTask read = read_task(task);
    const bool twice = std::any_of(tasks_.begin(), tasks_.end(),
                                   [&](const auto &t) { return t.info.name() == read.info.name(); });
    if (twice) reject("it registers the task '" + read.info.name() + "' twice");
    tasks_.push_back(std::move(read));
}

void Plugin::displace(std::size_t task) {
    TaskInfo &info = tasks_.at(task).info;
    info.info.name = info.keep(info.full_name());
}

void Plugin::initialise(PluginRecord &record) {
    const auto allow = [this](bool registering) {
        const std::lock_guard lock(mutex_);
        registering_ = registering;
    };
    allow(true);
    try {
        call_plugin("its init function",
                    [&](mirra_error **error) { return init_(&table_.functions, record.abi, error); });
    } catch (...) {
        allow(false);
        throw;
    }
    allow(false);
    if (tasks_.empty()) reject("it registered no task");
    for (PluginTask &task : tasks_) {
        task.info.info.plugin_id = task.info.keep(record.id);
        task.info.info.plugin_version = task.info.keep(record.version);
    }
}

std::shared_ptr<Plugin> Plugin::load(const std::filesystem::path &file, const Log &log,
                                     const std::vector<std::string> &skipped, PluginRecord &record) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) reject("there is no such file");
    auto &library = load_forever(file);
    const mirra_plugin_info info = query(library);
    record.abi = agree(info);
    record.id = checked_id(info.id);
    record.version = checked_text(info.version, "version");
    if (std::ranges::find(skipped, record.id) != skipped.end()) reject(kNamedInSkip);
    if (info.init == nullptr) reject("it has no init function");
    std::shared_ptr<Plugin> plugin(new Plugin(file, info.init, log));
    plugin->initialise(record);
    return plugin;
}

} // namespace mirra::host
