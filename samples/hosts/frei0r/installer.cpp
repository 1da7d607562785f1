// mirra-frei0r: puts a copy of the filter into a folder of frei0r for every task that Mirra finds. Copies,
// since a link would be the same library to the loader, and so the same filter.
#include "module.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace {

namespace fs = std::filesystem;

constexpr const char *usage = "Usage: mirra-frei0r [--remove] [FOLDER]\n"
                              "Makes a frei0r filter of every task that Mirra finds, plugins included: "
                              "mirra_denoise.so, ...\n"
                              "Prints them, each with the numbers and names of its parameters.\n"
                              "Run it again after a plugin was added or taken away.\n\n"
                              "  FOLDER    where filters belong (~/.frei0r-1/lib)\n"
                              "  --remove  takes the filters away\n";

fs::path default_folder() {
    const char *const home = std::getenv("HOME");
    if (home == nullptr) throw std::runtime_error("there is no HOME; name the folder");
    return fs::path(home) / ".frei0r-1" / "lib";
}

// Beside this program in a build, in lib/ of an installation.
fs::path module_file() {
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path &file :
         {here / "filter.so", here.parent_path() / "lib" / "mirra-frei0r" / "filter.so"})
        if (fs::exists(file)) return file;
    throw std::runtime_error("there is no filter.so beside this program or in ../lib/mirra-frei0r");
}

void remove_filters(const fs::path &folder) {
    if (!fs::exists(folder)) return;
    for (const auto &entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("mirra_", 0) == 0 && entry.path().extension() == ".so") fs::remove(entry.path());
    }
}

void install_filters(const fs::path &folder) {
    const fs::path module = module_file();
    const mirra_filters::Filters filters;
    fs::create_directories(folder);
    remove_filters(folder); // those of plugins that are gone, too
    for (const auto &filter : filters.all()) {
        const fs::path file = folder / (mirra_frei0r::file_name(filter) + ".so");
        fs::copy_file(module, file);
        std::printf("%s  %s\n", file.c_str(), filter.label.c_str());
        int number = 0;
        for (const auto &parameter : mirra_frei0r::parameters_of(filter))
            std::printf("    %d %s: %s\n", number++, parameter.info().name, parameter.info().explanation);
    }
}

} // namespace

int main(int count, char **arguments) {
    try {
        const std::vector<std::string> given(arguments + 1, arguments + count);
        const bool remove = !given.empty() && given[0] == "--remove";
        const std::size_t place = remove ? 1 : 0;
        if (given.size() > place + 1 || (given.size() > place && given[place][0] == '-')) {
            std::fputs(usage, given[place] == "--help" ? stdout : stderr);
            return given[place] == "--help" ? EXIT_SUCCESS : 2;
        }
        const fs::path folder = given.size() > place ? fs::path(given[place]) : default_folder();
        if (remove)
            remove_filters(folder);
        else
            install_filters(folder);
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", mirra_filters::message_of(error).c_str());
        return EXIT_FAILURE;
    }
}
