// What the opaque types of mirra.h are, and the checks that every entry point begins with.
#pragma once

#include "c_error.hpp"
#include "c_struct.hpp"
#include "mirra/host.hpp"
#include "mirra/mirra.h"
#include "process_life.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

struct mirra_engine {
    std::shared_ptr<mirra::host::Engine> engine;
    std::vector<std::vector<const char *>> taken_tasks; ///< of each plugin's record
};

struct GraphStrings {
    std::vector<const char *> inputs, outputs;
    std::vector<std::int64_t> channels;
};

struct mirra_bundle {
    std::shared_ptr<const mirra::bundle::Bundle> bundle;
    std::string path; ///< of its file; empty: it came from memory
    std::string sha256;
    std::vector<GraphStrings> graphs; ///< in the order of the manifest's map
};

/// Pixels and metadata, which runs that were given the picture share.
struct PictureData {
    mirra::image::Image image; ///< of pixels of the caller's: no pixels, but all else
    std::string format;
    std::optional<mirra::image::ImageView> wrapped; ///< the caller's
    std::shared_ptr<mirra::host::CallbackUser>
        owner; ///< of the caller's pixels: freed when nothing needs them

    [[nodiscard]] mirra::image::ImageView view();
};

struct mirra_picture {
    std::shared_ptr<PictureData> data = std::make_shared<PictureData>();
};

struct mirra_tensors {
    mirra::host::TensorSet tensors;
    /// The names in order, made when the first is asked for (see mirra_tensors_name) and dropped when a
    /// tensor is added.
    mutable std::vector<const char *> names;
};

struct mirra_session {
    std::shared_ptr<mirra::host::Session> session;
};

struct mirra_cancel {
    std::shared_ptr<mirra::host::CancelToken> token;
};

struct mirra_result {
    std::shared_ptr<const mirra::host::RunResult> result;
};

struct mirra_job {
    std::unique_ptr<mirra::host::Job> job;
};

namespace mirra::capi {

using host::check_struct;
using host::guard;
using host::read_array;
using host::read_known;
using host::read_struct;
using host::read_struct_or_default;
using host::write_struct;

/// @throws Error invalid_argument if the pointer is null
template<class T> T &required(T *pointer, const char *name, const char *hint = "") {
    if (pointer != nullptr) return *pointer;
    throw Error(ErrorCode::invalid_argument, std::string(name) + " is NULL", name, hint);
}

/// Of a number that stands for one of several things.
/// @param what     "image: format"   @param allowed  "MIRRA_FORMAT_U8 (1) or ..."
/// @throws Error invalid_argument
[[noreturn]] void unknown_value(const std::string &what, std::int64_t value, const char *subject,
                                const std::string &allowed);
/// The names of a map in a sentence: "It has: a, b.", or "It has none."
template<class Map> std::string names_of(const Map &map) {
    std::string names;
    for (const auto &[name, value] : map) names += (names.empty() ? "It has: " : ", ") + name;
    return names.empty() ? "It has none." : names + ".";
}

/// @throws Error not_found that says how many there are
void check_index(std::size_t count, std::size_t index, const char *what);
template<class Items> const auto &at(const Items &items, std::size_t index, const char *what) {
    check_index(items.size(), index, what);
    return items[index];
}

/// The session of a handle, which may be destroyed while a call is under way: calls hold this instead.
/// @throws Error invalid_argument
std::shared_ptr<host::Session> held(const mirra_session *session);

/// @throws Error invalid_argument if a flag is set that this version does not know
void check_flags(std::uint32_t flags, std::uint32_t known, const char *name);
/// @throws Error unsupported if a field that is set aside for later versions is used
void check_reserved(std::int64_t value, const char *name);
/// @throws Error invalid_argument for an unknown number
runtime::Precision to_precision(std::int32_t precision);
std::string or_empty(const char *text);

/// The caller's image, in the processor's memory. @throws Error invalid_argument | unsupported
image::ImageView to_view(const mirra_image *image, const char *name);
/// The same, also where it lies on a GPU.
image::ImageView to_view_anywhere(const mirra_image *image, const char *name);
/// Where it lies, if that is on a GPU. @throws Error invalid_argument
std::optional<host::Place> to_place(const mirra_image &image, const char *name);
/// A view as a caller sees it; without a profile.
/// @param place  of the pixels, which must live as long; null: in the processor's memory
mirra_image to_image(const image::ImageView &view, const host::Place *place = nullptr);
/// What a picture in pieces is; without pixels. @throws Error invalid_argument | unsupported
image::ImageView to_description(const mirra_image *image, const char *name);
/// @throws Error invalid_argument | unsupported
runtime::Rect to_rect(const mirra_rect *rect, const char *name);
/// @param what  for messages: "format", "image: format"
image::SampleType to_sample(std::int32_t format, const std::string &what, const char *name);
/// @throws Error invalid_argument
void check_color(std::int32_t color, const std::string &what, const char *name);

/// Bytes of a file that a caller gives in memory.
inline constexpr std::size_t kLargestBundle = std::size_t{1} << 36;

/// What callbacks are handed; freed also where this fails.
std::shared_ptr<host::CallbackUser> owned_user(void *user, void (*free)(void *));

/// A string that the caller frees by mirra_string_free(). @throws std::bad_alloc
char *copied(const std::string &text);
/// Bytes that the caller frees by mirra_memory_free(). @throws std::bad_alloc
void give_bytes(std::span<const std::byte> bytes, void **out, std::size_t *size);

} // namespace mirra::capi
