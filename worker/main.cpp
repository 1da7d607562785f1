// mirra-worker --scan FILE: loads a plugin and calls its `init`, so that one that ends or blocks its process
// does so here. Says on kScanDescriptor that it came through; the plugin's errors are found by who loads it
// next.
#include "plugin.hpp"
#include "plugin_scan.hpp"

#include <cstring>
#include <exception>
#include <unistd.h>

int main(int count, char **arguments) {
    using namespace mirra::host;
    constexpr int kUsage = 2;
    if (count != 3 || std::strcmp(arguments[1], "--scan") != 0) return kUsage;
    try {
        PluginRecord record;
        Plugin::load(arguments[2], {}, {}, record);
    } catch (const std::exception &) { // a reason, not a crash
    }
    const bool said = write(kScanDescriptor, kScanned, sizeof(kScanned)) == sizeof(kScanned);
    _exit(said ? 0 : 1); // what the plugin has running ends with the process
}
