// Which files a command reads and writes: folders, patterns and where results go.
#pragma once

#include "folder.hpp"
#include "made_folders.hpp"

#include <string>
#include <vector>

namespace mirra::cli {

/// An input file and the file that its result goes to (empty: none).
struct FilePair {
    std::string input;
    std::string output;
    std::string name = {}; ///< of files that come of it, below the folder that they go to
};

struct Files {
    std::vector<FilePair> pairs;
    std::vector<Skipped> skipped; ///< of the input folders, and inputs that give nothing
};

/// How results are named where -o is a folder, or is not given.
struct ResultNames {
    std::string ending = {}; ///< "": that of their inputs
    std::string suffix = {}; ///< goes before the ending; without -o results then lie beside their inputs
};

/// Input files as the caller wrote them: files, folders (see read_folder) and patterns with * ? [ ]. Of
/// several those folders and patterns that give no file are skipped; throws Failure (input) if nothing is
/// left. `output`: a file if there is one input file, else a folder, which `folders` makes; "" for no output.
/// Throws Failure (usage, output) if two inputs would go to the same file or no folder can be made. `ending`:
/// of the outputs' names in a folder; "": that of their inputs.
Files pair_files(const std::vector<std::string> &inputs, const std::string &output, bool recursive,
                 const ResultNames &names, MadeFolders &folders);

/// Moves the pairs whose output is there, and is not their input, to those that are skipped.
void skip_existing(Files &files);

/// Of files that hold tensors.
inline constexpr const char *kTensorEnding = ".safetensors";

/// How the library calls the standard output.
inline constexpr const char *kStandardOutput = "/dev/stdout";

/// "-" as the name of an output: the standard output, for one picture or text of a call and not beside
/// --json.
class DashNames {
  public:
    explicit DashNames(bool json) : json_(json) {}
    /// Each turns "-" into kStandardOutput. Throws Failure (usage) where that cannot be.
    void text(std::string &path, const std::string &option);
    void picture(std::string &path, const std::string &option);
    /// For what cannot go there. Throws Failure (usage).
    static void none(const std::string &path, const std::string &option);

  private:
    bool json_;
    std::string taken_; ///< the option that has it
};

/// Throws Failure (output) if a file cannot be written there. Asked before long work; the write itself may
/// still fail.
void check_writable(const std::string &path);

/// Throws Failure (usage) if a file would replace another one of the call; "" is no file.
void check_not_same(const std::string &file, const std::string &other);

} // namespace mirra::cli
