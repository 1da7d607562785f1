// Which files a command reads and writes: folders, patterns and where results go.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::cli {

/// An input file and the file that its result goes to (empty: none).
struct FilePair {
    std::string input;
    std::string output;
};

/// Input files as the caller wrote them: files, folders (their PNG and JPEG files, with `recursive` those of
/// the folders inside as well) and patterns with * ? [ ]. Throws Failure (input) for a folder or pattern
/// without files. `output`: a file if there is one input file, else a folder, which is made; "" for no
/// output. Throws Failure (usage, output) if two inputs would go to the same file or the folder cannot be
/// made. `ending`: of the outputs' names in a folder; "": that of their inputs.
std::vector<FilePair> pair_files(const std::vector<std::string> &inputs, const std::string &output,
                                 bool recursive, const std::string &ending = "");

/// Of files that hold tensors.
inline constexpr const char *kTensorEnding = ".safetensors";

/// Is it the ending of a format that the library reads and writes?
bool image_ending(const std::filesystem::path &path);

/// Is it the ending of the format that can hold transparency?
bool png_ending(const std::filesystem::path &path);

/// Throws Failure (output) if a picture cannot be written there: the format, the folder or its permissions.
/// Asked before long work; the write itself may still fail.
void check_output(const std::string &path);
/// The same without the question about the format.
void check_writable(const std::string &path);

/// Throws Failure (usage) if a file would replace another one of the call; "" is no file.
void check_not_same(const std::string &file, const std::string &other);

} // namespace mirra::cli
