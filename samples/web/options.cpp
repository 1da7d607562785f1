// What the command line says.
#include "options.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <variant>

namespace web {
namespace {

struct Entry {
    std::string name;    ///< with its dashes
    std::string metavar; ///< "" of a switch
    std::string help;
    std::variant<int Options::*, std::int64_t Options::*, std::string Options::*, bool Options::*> field;
    std::int64_t least = 0;
    std::int64_t most = 0;
};

const std::array<Entry, 15> &entries() {
    constexpr std::int64_t kMost = 1 << 20;
    static const std::array<Entry, 15> all{{
        {"--port", "N", "Port on 127.0.0.1 (8137); 0 takes one that is free.", &Options::port, 0, 65535},
        {"--jobs", "N", "Jobs that run at the same time (1).", &Options::jobs, 1, 64},
        {"--queue", "N", "Jobs that may wait (8); more are refused.", &Options::queue, 0, 1000},
        {"--threads", "N", "Threads of each job (the processor's, shared by the jobs).", &Options::threads, 0,
         1024},
        {"--quality", "WORD", "Quality that is chosen at first: fast, balanced, best (the task's default).",
         &Options::quality},
        {"--device", "NAME", "Device that runs the jobs (cpu), such as cuda:0.", &Options::device},
        {"--memory-limit", "MB", "The most memory, in MB, that a job may add to the process (no limit).",
         &Options::memory_megabytes, 0, kMost},
        {"--max-upload-megabytes", "MB", "Largest file that is taken (64).", &Options::upload_megabytes, 1,
         1024},
        {"--max-megapixels", "N", "Largest picture that is taken (100).", &Options::megapixels, 1, 2000},
        {"--store-megabytes", "MB", "Memory for uploads and results together (2048); the oldest give way.",
         &Options::store_megabytes, 1, kMost},
        {"--expire-minutes", "N", "How long an upload or result is kept that nobody asks for (60).",
         &Options::expire_minutes, 1, 100000},
        {"--plugin-path", "PATHS", "Folders and files of plugins, with ':' between, searched first.",
         &Options::plugin_path},
        {"--bundle-path", "PATHS", "Folders of bundles, with ':' between, searched first.",
         &Options::bundle_path},
        {"--isolate", "", "Run plugins in a process of their own, so that a crash ends one job only.",
         &Options::isolate},
        {"--version", "", "Print the version.", &Options::version},
    }};
    return all;
}

std::int64_t number(const Entry &entry, const std::string &text) {
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value < entry.least ||
        value > entry.most)
        throw std::invalid_argument(entry.name + ": '" + text + "' is no whole number from " +
                                    std::to_string(entry.least) + " to " + std::to_string(entry.most));
    return value;
}

void set(Options &options, const Entry &entry, const std::string &text) {
    if (const auto *whole = std::get_if<int Options::*>(&entry.field))
        options.**whole = static_cast<int>(number(entry, text));
    else if (const auto *wide = std::get_if<std::int64_t Options::*>(&entry.field))
        options.**wide = number(entry, text);
    else if (const auto *word = std::get_if<std::string Options::*>(&entry.field))
        options.**word = text;
    else
        options.*std::get<bool Options::*>(entry.field) = true;
}

} // namespace

Options Options::parse(int count, const char *const *words) {
    Options options;
    for (int at = 1; at < count; ++at) {
        std::string word = words[at];
        if (word == "--help" || word == "-h") {
            options.help = true;
            continue;
        }
        const std::size_t equals = word.find('=');
        const bool joined = word.starts_with("--") && equals != std::string::npos;
        std::string value = joined ? word.substr(equals + 1) : "";
        if (joined) word.resize(equals);
        const Entry *found = nullptr;
        for (const Entry &entry : entries())
            if (entry.name == word) found = &entry;
        if (found == nullptr)
            throw std::invalid_argument("there is no option '" + word + "'; --help lists them");
        if (found->metavar.empty() == joined) {
            if (joined) throw std::invalid_argument(word + " takes no value");
            if (++at >= count) throw std::invalid_argument(word + " needs a value");
            value = words[at];
        }
        set(options, *found, value);
    }
    return options;
}

std::string Options::usage() {
    std::string text =
        "Usage: mirra-web [OPTIONS]\n\nServes a page on this computer that runs the tasks of Mirra: open "
        "the address that it prints.\nCtrl-C ends it.\n\n";
    constexpr std::size_t kColumn = 30;
    for (const Entry &entry : entries()) {
        std::string line = "  " + entry.name + (entry.metavar.empty() ? "" : " " + entry.metavar);
        line.resize(std::max(line.size() + 1, kColumn), ' ');
        text += line + entry.help + "\n";
    }
    return text;
}

} // namespace web
