// mirra-libtorch: makes the private LibTorch that the runtime module runs on, and binds the module to it.
#include "mirra/error.hpp"
#include "runtime/libtorch/prepare.hpp"

#include <cstdio>
#include <string_view>

namespace {

constexpr const char *kUsage = "Usage: mirra-libtorch prepare SHIM TARGET FOLDER [BESIDE...]\n"
                               "       mirra-libtorch bind SHIM MODULE FOLDER [BESIDE...]\n"
                               "FOLDER holds libtorch_cpu.so, BESIDE what it needs besides.\n";

} // namespace

int main(int count, char **arguments) {
    using namespace mirra;
    const std::string_view command = count > 4 ? arguments[1] : "";
    if (command != "prepare" && command != "bind") {
        std::fputs(kUsage, stderr);
        return 2;
    }
    try {
        const libtorch::Source source{arguments[4], {arguments + 5, arguments + count}};
        command == "bind" ? libtorch::bind(source, arguments[2], arguments[3])
                          : libtorch::prepare(source, arguments[2], arguments[3]);
        return 0;
    } catch (const Error &error) {
        std::fprintf(stderr, "mirra-libtorch: %s: %s. %s\n", error.subject().c_str(), error.what(),
                     error.hint().c_str());
    } catch (const std::exception &error) {
        std::fprintf(stderr, "mirra-libtorch: %s\n", error.what());
    }
    return 1;
}
