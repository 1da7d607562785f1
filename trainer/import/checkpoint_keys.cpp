// Prefixes and parts of names.
#include "checkpoint_keys.hpp"

namespace mirra::trainer::importer {

bool strip(std::string &key, std::string_view prefix) {
    if (!key.starts_with(prefix)) return false;
    key.erase(0, prefix.size());
    return true;
}

void strip_wrappers(std::string &key) {
    while (strip(key, "module.") || strip(key, "model.") || strip(key, "_orig_mod.")) {
    }
}

bool is_bookkeeping(const std::string &key) {
    const auto has = [&](std::string_view part) {
        return key.starts_with(part) || key.find("." + std::string(part)) != std::string::npos;
    };
    return has("normalizer.") || has("normalize.") || has("attacker.") ||
           key.ends_with("num_batches_tracked");
}

} // namespace mirra::trainer::importer
