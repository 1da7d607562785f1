// Each part of the state is read, compared and put back by functions of the system.
#include "process_state.hpp"

#include "../failure.hpp"

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <sys/mman.h>
#include <unistd.h>

namespace mirra::cli::conformance {
namespace {

namespace fs = std::filesystem;

std::string c_locale() {
    const char *name = std::setlocale(LC_ALL, nullptr);
    return name == nullptr ? "" : name;
}

fs::path folder() {
    std::error_code error;
    return fs::current_path(error);
}

/// It can only be read by setting it.
mode_t mask() {
    const mode_t now = umask(0);
    umask(now);
    return now;
}

std::string octal(mode_t mask) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mask));
    return text.data();
}

std::string changed(const std::string &what, const std::string &before, const std::string &now,
                    const std::string &advice) {
    return what + " is '" + now + "' after it, and was '" + before + "'. " + advice;
}

/// Setting a handler anew marks it, so that flags tell nothing.
bool same(const struct sigaction &a, const struct sigaction &b) {
    return std::memcmp(&a.sa_handler, &b.sa_handler, sizeof(a.sa_handler)) == 0;
}

} // namespace

ProcessState::ProcessState()
    : c_locale_(c_locale())
    , folder_(folder())
    , mask_(mask())
    , output_(memfd_create("standard output", MFD_CLOEXEC)) {
    if (output_ < 0 || dup2(output_, STDOUT_FILENO) < 0)
        throw Failure(ExitCode::memory,
                      std::string("the standard output cannot be caught: ") + std::strerror(errno));
    for (int number = 1; number < NSIG; ++number)
        sigaction(number, nullptr, &handlers_.at(static_cast<std::size_t>(number)));
}

ProcessState::~ProcessState() {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    close(output_);
}

std::vector<std::string> ProcessState::restore() {
    Said said;
    restore_locales(said);
    restore_folder(said);
    restore_mask(said);
    restore_handlers(said);
    empty_output(said);
    return said;
}

/// The one of C++ sets that of C, too, if it has a name.
void ProcessState::restore_locales(Said &said) const {
    if (const std::string now = c_locale(); now != c_locale_)
        said.push_back(changed("the locale of C", c_locale_, now,
                               "It is the whole program's, whose numbers then have other decimal points. "
                               "Keep a locale_t of your own, or use std::to_chars and std::from_chars"));
    if (const std::locale now; now != locale_)
        said.push_back(changed("the global locale of C++", locale_.name(), now.name(),
                               "It is the whole program's. Imbue your own streams with the locale"));
    std::locale::global(locale_);
    std::setlocale(LC_ALL, c_locale_.c_str());
}

void ProcessState::restore_folder(Said &said) const {
    const fs::path now = folder();
    if (now == folder_) return;
    said.push_back(changed("the working folder", folder_.string(), now.string(),
                           "Relative paths of the whole program then mean other files. Use absolute paths"));
    std::error_code error;
    fs::current_path(folder_, error);
}

void ProcessState::restore_mask(Said &said) const {
    const mode_t now = umask(mask_);
    if (now != mask_)
        said.push_back(changed("the umask", octal(mask_), octal(now),
                               "It is the whole program's. Use chmod on your own files"));
}

void ProcessState::restore_handlers(Said &said) const {
    std::string names;
    for (int number = 1; number < NSIG; ++number) {
        const auto &before = handlers_.at(static_cast<std::size_t>(number));
        struct sigaction now {};
        if (sigaction(number, nullptr, &now) != 0 || same(before, now)) continue;
        names += std::string(names.empty() ? "" : ", ") + strsignal(number);
        sigaction(number, &before, nullptr);
    }
    if (!names.empty())
        said.push_back("signals are handled in another way after it (" + names +
                       "). What they do is for the program to say: leave them alone");
}

void ProcessState::empty_output(Said &said) const {
    std::cout.flush();
    std::fflush(stdout);
    std::string text;
    std::array<char, 4096> part{};
    while (true) {
        const ssize_t got = pread(output_, part.data(), part.size(), static_cast<off_t>(text.size()));
        if (got <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    if (text.empty()) return;
    std::cerr << text << std::flush;
    said.push_back(
        "it wrote " + std::to_string(text.size()) +
        " bytes to the standard output, where a program's results go. Use the host's function log");
    if (ftruncate(output_, 0) == 0) lseek(output_, 0, SEEK_SET);
}

} // namespace mirra::cli::conformance
