// mirra-worker: what libmirra does in a process of its own, which is started by it alone.
//   --scan FILE    loads a plugin and calls its `init`, so that one that ends or blocks its process does so
//                  here. Says that it came through; the plugin's errors are found by who loads it next.
//   --serve HOST   runs the sessions of an engine of the process HOST, until that is gone.
#include "child_process.hpp"
#include "plugin.hpp"
#include "plugin_scan.hpp"
#include "server.hpp"

#include <charconv>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <span>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace mirra;

constexpr int kUsage = 2;

[[noreturn]] void scan(const char *file) {
    try {
        host::PluginRecord record;
        host::Plugin::load(file, {}, {}, record);
    } catch (const std::exception &) { // a reason, not a crash
    }
    const bool said =
        write(host::kChildDescriptor, host::kScanned, sizeof(host::kScanned)) == sizeof(host::kScanned);
    _exit(said ? 0 : 1); // what the plugin has running ends with the process
}

int serve(std::string_view number) {
    pid_t parent = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), parent);
    if (read.ec != std::errc() || parent <= 0) return kUsage;
    fcntl(host::kChildDescriptor, F_SETFD, FD_CLOEXEC);           // not for what a plugin starts
    syscall(SYS_close_range, host::kChildDescriptor + 1, ~0U, 0); // what the host has left open is its own
    dup2(STDERR_FILENO, STDOUT_FILENO); // the host's results are not for a plugin to print into
    std::signal(SIGTTOU, SIG_IGN);      // a terminal may stop the groups in its background
    isolation::serve(Descriptor(host::kChildDescriptor), parent);
}

} // namespace

int main(int count, char **arguments) {
    const std::span given(arguments, static_cast<std::size_t>(count));
    if (count != 3) return kUsage;
    const std::string_view what = given[1];
    if (what == "--scan") scan(given[2]);
    return what == "--serve" ? serve(given[2]) : kUsage;
}
