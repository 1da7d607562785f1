// Reading at any place, and what becomes of a reader whose file is cut meanwhile.
#include "mirra/error.hpp"
#include "mirra/file_reader.hpp"
#include "scratch.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <vector>

namespace mirra {
namespace {

std::string file_of(const std::string &content) {
    const std::string path = test::scratch() + "reader.bin";
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

std::string read(const FileReader &reader, std::uint64_t offset, std::size_t size) {
    std::string out(size, '?');
    reader.read(offset, std::as_writable_bytes(std::span(out)));
    return out;
}

ErrorCode code_of(const std::function<void()> &action) {
    try {
        action();
    } catch (const Error &error) {
        EXPECT_FALSE(error.subject().empty());
        return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::internal;
}

TEST(FileReader, ReadsAtAnyPlace) {
    const FileReader reader(file_of("0123456789"));
    EXPECT_EQ(reader.size(), 10u);
    EXPECT_EQ(read(reader, 3, 4), "3456");
    EXPECT_EQ(read(reader, 0, 10), "0123456789");
    EXPECT_EQ(read(reader, 10, 0), "");
    EXPECT_EQ(code_of([&] { read(reader, 8, 3); }), ErrorCode::io);
}

TEST(FileReader, AFileThatIsShortenedMeanwhileIsAnError) {
    const std::string path = file_of(std::string(1 << 20, 'x'));
    const FileReader reader(path);
    std::filesystem::resize_file(path, 100);
    EXPECT_EQ(read(reader, 0, 100), std::string(100, 'x'));
    EXPECT_EQ(code_of([&] { read(reader, 4096, 4096); }), ErrorCode::io);
    EXPECT_EQ(code_of([&] { read(reader, 0, 1 << 20); }), ErrorCode::io);
}

TEST(FileReader, AFileWithHolesThatIsLargerThanMemoryIsAnError) {
    const std::string path = file_of("0123456789");
    EXPECT_EQ(FileReader(path).read_rest(4).bytes().size(), 6u);
    const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
    std::error_code no_holes;
    std::filesystem::resize_file(path, pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), no_holes);
    if (no_holes) GTEST_SKIP() << "this system has no files with holes here: " << no_holes.message();
    EXPECT_EQ(code_of([&] { static_cast<void>(FileReader(path).read_rest(4)); }), ErrorCode::limit);
    std::filesystem::remove(path);
}

TEST(FileReader, OpensRegularFilesAlone) {
    const std::string folder = test::scratch();
    EXPECT_EQ(code_of([&] { FileReader(folder + "none"); }), ErrorCode::not_found);
    EXPECT_EQ(code_of([&] { FileReader{folder}; }), ErrorCode::io);
    ASSERT_EQ(0, ::mkfifo((folder + "pipe").c_str(), 0600));
    EXPECT_EQ(code_of([&] { FileReader(folder + "pipe"); }), ErrorCode::io); // and does not wait for a writer
}

} // namespace
} // namespace mirra
