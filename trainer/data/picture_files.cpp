// Finding picture files, and their common form.
#include "data/picture_files.hpp"

#include "core/random.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cctype>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path &path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// A training's own curves are no data.
bool is_run_folder(const fs::path &path) {
    std::error_code ignored;
    return fs::exists(path / "checkpoint.safetensors", ignored);
}

} // namespace

std::vector<fs::path> find_pictures(const fs::path &folder, const std::string &option) {
    std::error_code failure;
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, failure);
    if (failure)
        throw Error(ErrorCode::not_found, "cannot open the data folder: " + failure.message(),
                    folder.string(), "check the path given with " + option);
    std::vector<fs::path> found;
    for (auto entry = begin(walk); entry != end(walk); ++entry) {
        if (is_run_folder(entry->path()))
            entry.disable_recursion_pending();
        else if (entry->is_regular_file(failure) && is_picture(entry->path()))
            found.push_back(entry->path());
    }
    std::ranges::sort(found);
    return found;
}

std::uint64_t picture_fingerprint(const fs::path &path) {
    std::uint64_t hash = 0;
    for (const unsigned char c : path.filename().string()) hash = mix(hash ^ c);
    return hash ^ fs::file_size(path);
}

image::Image to_rgb8(const image::Image &picture) {
    const image::Rect all{0, 0, picture.width(), picture.height()};
    std::vector<float> values(static_cast<std::size_t>(all.width) * static_cast<std::size_t>(all.height) * 3);
    image::gather(picture.view(), all, values, 3);
    image::Image out(all.width, all.height, 3, image::SampleType::u8);
    image::scatter({values, all.width, all.height, 3}, 0, 0, out.view(), all);
    return out;
}

} // namespace mirra::trainer
