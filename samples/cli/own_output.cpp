// A copy of the descriptor, whose place that of the standard error takes.
#include "own_output.hpp"

#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

namespace mirra::cli {

OwnOutput::OwnOutput()
    : buffer_(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1))
    , before_(std::cout.rdbuf()) {
    if (buffer_.descriptor < 0) return; // then all goes where it went
    dup2(STDERR_FILENO, STDOUT_FILENO);
    std::cout.rdbuf(&buffer_);
}

OwnOutput::~OwnOutput() {
    std::cout.rdbuf(before_);
    if (buffer_.descriptor < 0) return;
    dup2(buffer_.descriptor, STDOUT_FILENO);
    close(buffer_.descriptor);
}

OwnOutput::Buffer::int_type OwnOutput::Buffer::overflow(int_type c) {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char text = traits_type::to_char_type(c);
    return xsputn(&text, 1) == 1 ? c : traits_type::eof();
}

std::streamsize OwnOutput::Buffer::xsputn(const char *text, std::streamsize count) {
    std::streamsize done = 0;
    while (done < count) {
        const ssize_t written = write(descriptor, text + done, static_cast<std::size_t>(count - done));
        if (written < 0 && errno != EINTR) break;
        if (written > 0) done += written;
    }
    return done;
}

} // namespace mirra::cli
