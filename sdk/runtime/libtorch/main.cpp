// mirra-libtorch: makes the private LibTorch, or oneDNN, that a runtime module runs on, and binds the module
// to it.
#include "mirra/error.hpp"
#include "runtime/libtorch/prepare.hpp"

#include <cstdio>
#include <string_view>

namespace {

constexpr const char *kUsage =
    "Usage: mirra-libtorch prepare SHIM TARGET FOLDER [BESIDE...]\n"
    "       mirra-libtorch bind SHIM MODULE FOLDER [BESIDE...]\n"
    "FOLDER holds libtorch_cpu.so, or is the file of another library that a module runs on.\n"
    "BESIDE holds what it needs besides.\n";

mirra::libtorch::Source source_of(char **first, char **end) {
    const std::filesystem::path given = *first;
    mirra::libtorch::Source source{given, {first + 1, end}};
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(given, ignored)) return source;
    source.folder = given.parent_path();
    source.library = given.filename().string();
    return source;
}

} // namespace

int main(int count, char **arguments) {
    using namespace mirra;
    const std::string_view command = count > 4 ? arguments[1] : "";
    if (command != "prepare" && command != "bind") {
        std::fputs(kUsage, stderr);
        return 2;
    }
    try {
        const auto source = source_of(arguments + 4, arguments + count);
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
