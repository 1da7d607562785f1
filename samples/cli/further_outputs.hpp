// What a run writes beside its main output: pictures and tensors of other ports, the sheet, the preview, all
// tensors.
#pragma once

#include "paths.hpp"
#include "schema.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirra::cli {

/// Names of files; "" or missing: not asked for. As the options have them a name may be a folder, which gets
/// a file for each input.
struct FurtherOutputs {
    std::map<std::string, std::string> ports; ///< by port
    std::string sheet;                        ///< before/after
    std::string preview;                      ///< the unfinished result
    std::string tensors;                      ///< all of the result
    std::string before, after;                ///< the pictures of a page, which names them

    [[nodiscard]] std::vector<std::string> all() const;
    /// Is a name that of one file, so that several inputs would share it?
    [[nodiscard]] bool names_file() const;
    /// Those of one input. `ending`: of pictures that come of the input; "": its own.
    [[nodiscard]] FurtherOutputs of(const FilePair &file, const Task &task, const std::string &ending) const;
};

/// Makes the folders of outputs that were asked for as folders. Throws Failure (usage) if an output would
/// replace an input or another output.
void prepare_further(const std::vector<FilePair> &files, const FurtherOutputs &asked,
                     const std::vector<FurtherOutputs> &outputs, MadeFolders &folders);

} // namespace mirra::cli
