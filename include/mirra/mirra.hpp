// mirra.hpp - Mirra for hosts in C++: mirra.h with owners, exceptions and values instead of handles and
// codes.
//
// Header-only, C++17, over mirra.h: link the library as from C. The page is docs/reference/cpp.md; what each
// call does in full, its units and its limits, is said in mirra.h at the function of that name.
//
//   namespace api = mirra::api;
//   api::Engine engine = api::Engine::create();
//   api::SessionOptions options;
//   options.task = "denoise";
//   api::Session session = engine.session(options);
//   session.set("sigma", 20.0);
//   api::Picture picture = api::Picture::read("in.png");
//   session.run({api::in("image", picture), api::out("output", picture)});
//   picture.write("out.png");
//
// Errors.     Every function throws Error unless it is noexcept.
// Callbacks.  They may throw. That stops the run, or ends the call, and comes out of the call that they were
//             given to: run(), write(), Engine::create(). Of a job it comes out of Job::wait.
// Owners.     Every object owns its handle and may be moved; a moved-from or default-made one holds none, and
//             its functions throw Error (MIRRA_E_INVALID_ARGUMENT). `get` gives the handle for mirra.h, whose
//             functions serve beside these.
// Structs.    Information comes in the structs of mirra.h. Their texts live as long as the object that was
//             asked.
// Threads.    As mirra.h says of each type. Objects are moved and destroyed by one thread at a time.
#ifndef MIRRA_MIRRA_HPP_
#define MIRRA_MIRRA_HPP_

#include "mirra.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
// A callback may end its thread (pthread_exit): that passes through.
#define MIRRA_API_THREAD_ENDS                                                                                \
    catch (::abi::__forced_unwind &) {                                                                       \
        throw;                                                                                               \
    }
#else
#define MIRRA_API_THREAD_ENDS
#endif

namespace mirra {
namespace api {

// ---- Errors

/// What a call of the library ended with.
class Error : public std::runtime_error {
  public:
    Error(mirra_status code, const std::string &message, std::string subject = {}, std::string hint = {})
        : std::runtime_error(message)
        , code_(code)
        , subject_(std::move(subject))
        , hint_(std::move(hint)) {}
    /// With the content of an error of mirra.h, which may be NULL and stays the caller's.
    Error(mirra_status code, const mirra_error *error)
        : Error(code, error != nullptr ? mirra_error_message(error) : mirra_status_name(code),
                mirra_error_subject(error), mirra_error_hint(error)) {}

    /// MIRRA_E_*
    [[nodiscard]] mirra_status code() const noexcept { return code_; }
    /// One sentence: what went wrong; the same as what().
    [[nodiscard]] std::string message() const { return what(); }
    /// The file, parameter, tensor ..., or "".
    [[nodiscard]] const std::string &subject() const noexcept { return subject_; }
    /// What to do about it, or "".
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }

  private:
    mirra_status code_;
    std::string subject_, hint_;
};

/// Calls a function of mirra.h as call(mirra_error **). @throws Error unless it gives MIRRA_OK
template<class Call> void check(const Call &call) {
    mirra_error *error = nullptr;
    const mirra_status status = call(&error);
    const std::unique_ptr<mirra_error, void (*)(mirra_error *)> owner(error, mirra_error_destroy);
    if (status != MIRRA_OK) throw Error(status, owner.get());
}

/// A struct of mirra.h with its size set and every other field zero.
template<class Struct> Struct make_struct() noexcept {
    MIRRA_STRUCT(Struct, value);
    return value;
}

/// Calls a function of mirra.h that fills a struct, as call(struct *, mirra_error **), and gives the struct.
template<class Struct, class Call> Struct filled(const Call &call) {
    MIRRA_STRUCT(Struct, value);
    check([&](mirra_error **error) { return call(&value, error); });
    return value;
}

inline mirra_rect make_rect(std::int64_t x, std::int64_t y, std::int64_t width,
                            std::int64_t height) noexcept {
    return {static_cast<std::uint32_t>(sizeof(mirra_rect)), 0, x, y, width, height};
}

// ---- Memory

/// Owns a handle of mirra.h, or holds none.
template<class T, void (*Destroy)(T *)> class Handle {
  public:
    using pointer = T *;

    Handle() noexcept = default;
    template<class Null, std::enable_if_t<std::is_same<Null, std::nullptr_t>::value, int> = 0>
    Handle(Null) noexcept {}
    /// Takes over a handle.
    explicit Handle(T *handle) noexcept : handle_(handle) {}
    Handle(Handle &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Handle &operator=(Handle &&other) noexcept {
        reset(std::exchange(other.handle_, nullptr));
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { Destroy(handle_); }

    [[nodiscard]] T *get() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    /// Gives the handle up; the caller destroys it.
    [[nodiscard]] T *release() noexcept { return std::exchange(handle_, nullptr); }
    /// Destroys the handle and takes another one over.
    void reset(T *handle = nullptr) noexcept { Destroy(std::exchange(handle_, handle)); }
    /// For a function of mirra.h that gives a handle: `mirra_x_create(x.out(), error)`.
    T **out() noexcept {
        reset();
        return &handle_;
    }

  private:
    T *handle_ = nullptr;
};

/// Calls a function of mirra.h that makes an object, as call(T **, mirra_error **), and gives its owner.
template<class Owner, class Call> Owner made(const Call &call) {
    typename Owner::pointer handle = nullptr;
    check([&](mirra_error **error) { return call(&handle, error); });
    return Owner(handle);
}

/// Some values in a row, not owned: std::span for C++17.
template<class Value> class Span {
  public:
    constexpr Span() noexcept = default;
    constexpr Span(Value *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /// A vector's, an array's, a std::span's.
    template<class Values, class = std::enable_if_t<std::is_convertible<
                               decltype(std::declval<Values &>().data()), Value *>::value>>
    constexpr Span(Values &&values) noexcept : data_(values.data())
                                             , size_(values.size()) {}

    [[nodiscard]] constexpr Value *data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] constexpr Value *begin() const noexcept { return data_; }
    [[nodiscard]] constexpr Value *end() const noexcept { return data_ + size_; }
    constexpr Value &operator[](std::size_t at) const noexcept { return data_[at]; }

  private:
    Value *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes that the library gave: a file in memory.
class Memory {
  public:
    Memory() noexcept = default;
    /// Takes over what mirra_memory_free frees.
    Memory(void *bytes, std::size_t size) noexcept : bytes_(bytes), size_(size) {}

    [[nodiscard]] const std::byte *data() const noexcept {
        return static_cast<const std::byte *>(bytes_.get());
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const std::byte *begin() const noexcept { return data(); }
    [[nodiscard]] const std::byte *end() const noexcept { return data() + size_; }

  private:
    Handle<void, mirra_memory_free> bytes_;
    std::size_t size_ = 0;
};

/// A string that the library gave.
template<class Call> std::string given_text(const Call &call) {
    return made<Handle<char, mirra_string_free>>(call).get();
}

// ---- What callbacks throw

/// Keeps the first exception of some callbacks until the call that they belong to is over.
class Thrown {
  public:
    /// Calls body() and gives what it gives; `failed` where it throws.
    template<class Value, class Body> Value keep(Value failed, const Body &body) {
        try {
            return body();
        }
        MIRRA_API_THREAD_ENDS
        catch (...) {
            const std::lock_guard<std::mutex> hold(lock_);
            if (!first_) first_ = std::current_exception();
            return failed;
        }
    }
    /// Throws it, if there is one.
    void rethrow() {
        const std::unique_lock<std::mutex> hold(lock_);
        if (first_) std::rethrow_exception(first_);
    }

  private:
    std::mutex lock_;
    std::exception_ptr first_;
};

/// The same as check(), where callbacks were under way: what they threw goes first.
template<class Call> void check_calling_back(Thrown &thrown, const Call &call) {
    mirra_error *error = nullptr;
    const mirra_status status = call(&error);
    const std::unique_ptr<mirra_error, void (*)(mirra_error *)> owner(error, mirra_error_destroy);
    thrown.rethrow();
    if (status != MIRRA_OK) throw Error(status, owner.get());
}

/// A message for people.
using Log = std::function<void(mirra_log_level level, const std::string &message)>;

// ---- Values

/// A value of a parameter, port or result, with its type.
class Value {
  public:
    Value(double real) : type_(MIRRA_TYPE_FLOAT), real_(real) {}
    template<class Whole, std::enable_if_t<std::is_integral<Whole>::value, int> = 0>
    Value(Whole value)
        : type_(std::is_same<Whole, bool>::value ? MIRRA_TYPE_BOOL : MIRRA_TYPE_INT)
        , integer_(static_cast<std::int64_t>(value)) {}
    Value(std::string text) : type_(MIRRA_TYPE_STRING), text_(std::move(text)) {}
    Value(const char *text) : Value(std::string(text)) {}
    explicit Value(const mirra_value &value)
        : type_(value.type)
        , integer_(value.integer)
        , real_(value.real)
        , text_(value.text == nullptr ? "" : value.text) {}

    /// MIRRA_TYPE_BOOL ... MIRRA_TYPE_ENUM, _FILE, _COLOR. A number that stands at a text such as "auto" is
    /// an ENUM.
    [[nodiscard]] mirra_type type() const noexcept { return type_; }
    /// As bool, a whole number (INT), double (FLOAT or INT) or std::string (STRING, ENUM, FILE or COLOR).
    /// @throws Error invalid_argument where it is of another type
    template<class T> [[nodiscard]] T as() const {
        if constexpr (std::is_same<T, bool>::value) {
            if (type_ == MIRRA_TYPE_BOOL) return integer_ != 0;
        } else if constexpr (std::is_integral<T>::value) {
            if (type_ == MIRRA_TYPE_INT) return static_cast<T>(integer_);
        } else if constexpr (std::is_floating_point<T>::value) {
            if (type_ == MIRRA_TYPE_FLOAT) return static_cast<T>(real_);
            if (type_ == MIRRA_TYPE_INT) return static_cast<T>(integer_);
        } else if (is_text(type_)) {
            return text_;
        }
        throw Error(MIRRA_E_INVALID_ARGUMENT, "the value is of another type", text_,
                    "Ask for its type first.");
    }
    /// For mirra.h. Lives as long as this object.
    [[nodiscard]] mirra_value get() const noexcept {
        MIRRA_STRUCT(mirra_value, value);
        value.type = type_;
        value.integer = integer_;
        value.real = real_;
        value.text = is_text(type_) ? text_.c_str() : nullptr;
        return value;
    }

  private:
    [[nodiscard]] static bool is_text(mirra_type type) noexcept {
        return type == MIRRA_TYPE_STRING || type == MIRRA_TYPE_ENUM || type == MIRRA_TYPE_FILE ||
               type == MIRRA_TYPE_COLOR;
    }

    mirra_type type_;
    std::int64_t integer_ = 0;
    double real_ = 0;
    std::string text_;
};

// ---- Images

/// Describes pixels of the caller's that are only read. They must stay in place while the object is used.
class ConstImage {
  public:
    /// Any description; see mirra_image.
    explicit ConstImage(const mirra_image &image) noexcept : image_(image) {}
    /// Packed, interleaved samples of 0 ... 255, 0 ... 65535, or floats of 0 ... 1.
    /// @param width, height  in pixels   @param color  MIRRA_COLOR_*
    /// @throws Error invalid_argument unless there are width * height * channels of them
    template<class Sample>
    ConstImage(Span<Sample> samples, std::int32_t width, std::int32_t height, mirra_color color)
        : image_(described(const_cast<std::remove_const_t<Sample> *>(samples.data()), samples.size(), width,
                           height, color)) {}

    [[nodiscard]] const mirra_image &get() const noexcept { return image_; }
    [[nodiscard]] std::int32_t width() const noexcept { return image_.width; }
    [[nodiscard]] std::int32_t height() const noexcept { return image_.height; }
    /// Samples are linear light (MIRRA_TRANSFER_LINEAR) rather than encoded as in files.
    void set_transfer(mirra_transfer transfer) noexcept { image_.transfer = transfer; }
    void set_alpha_mode(mirra_alpha_mode mode) noexcept { image_.alpha_mode = mode; }
    /// Which bytes of a plane the library may touch.
    [[nodiscard]] Span<const std::byte> extent(std::uint32_t plane = 0) const {
        const void *lowest = nullptr;
        std::uint64_t bytes = 0;
        check(
            [&](mirra_error **error) { return mirra_image_extent(&image_, plane, &lowest, &bytes, error); });
        return {static_cast<const std::byte *>(lowest), static_cast<std::size_t>(bytes)};
    }
    /// Standard deviation of the noise, in units of 1/255.
    [[nodiscard]] double estimate_noise() const {
        double sigma = 0;
        check([&](mirra_error **error) { return mirra_image_estimate_noise(&image_, &sigma, error); });
        return sigma;
    }

    /// Interleaved samples from `first` on, with rows `row_stride` bytes apart; it may be negative.
    template<class Sample>
    static mirra_image with_rows(Sample *first, std::int32_t width, std::int32_t height, mirra_color color,
                                 std::int64_t row_stride) noexcept {
        MIRRA_STRUCT(mirra_image, image);
        image.width = width;
        image.height = height;
        image.format = format_of<std::remove_const_t<Sample>>();
        image.color = color;
        image.plane_count = 1;
        image.planes[0].data = const_cast<std::remove_const_t<Sample> *>(first);
        image.planes[0].pixel_stride = color * static_cast<std::int64_t>(sizeof(Sample));
        image.planes[0].row_stride = row_stride;
        return image;
    }

  private:
    template<class Sample> static constexpr mirra_format format_of() noexcept {
        static_assert(std::is_same<Sample, std::uint8_t>::value ||
                          std::is_same<Sample, std::uint16_t>::value || std::is_same<Sample, float>::value,
                      "samples are std::uint8_t, std::uint16_t or float; describe others by mirra_image");
        return std::is_same<Sample, float>::value ? MIRRA_FORMAT_F32
               : sizeof(Sample) == 1              ? MIRRA_FORMAT_U8
                                                  : MIRRA_FORMAT_U16;
    }
    template<class Sample>
    static mirra_image described(Sample *samples, std::size_t count, std::int32_t width, std::int32_t height,
                                 mirra_color color) {
        const auto extent = [](std::int32_t size) { return static_cast<std::uint64_t>(size); };
        if (width < 1 || height < 1 || color < MIRRA_COLOR_GRAY || color > MIRRA_COLOR_RGBA ||
            count / extent(color) / extent(width) != extent(height) ||
            count % (extent(color) * extent(width)) != 0)
            throw Error(MIRRA_E_INVALID_ARGUMENT, std::to_string(count) + " samples are no image of " +
                                                      std::to_string(width) + " x " + std::to_string(height) +
                                                      " pixels");
        mirra_image image = with_rows(samples, width, height, color, 0);
        image.flags = MIRRA_IMAGE_PACKED;
        image.planes[0].pixel_stride = 0;
        return image;
    }

    mirra_image image_;
};

/// Describes pixels of the caller's that may be written.
class Image : public ConstImage {
  public:
    explicit Image(const mirra_image &image) noexcept : ConstImage(image) {}
    template<class Sample>
    Image(Span<Sample> samples, std::int32_t width, std::int32_t height, mirra_color color)
        : ConstImage(samples, width, height, color) {
        static_assert(!std::is_const<Sample>::value, "pixels that are written are not const");
    }
    /// Adds Gaussian noise; sigma in units of 1/255.
    void add_noise(double sigma, std::uint64_t seed) const {
        check([&](mirra_error **error) { return mirra_image_add_noise(&get(), sigma, seed, error); });
    }
};

/// Describes the samples of a vector, array or span.
template<class Samples>
auto image(Samples &samples, std::int32_t width, std::int32_t height, mirra_color color) {
    using Sample = std::remove_pointer_t<decltype(samples.data())>;
    using Made = std::conditional_t<std::is_const<Sample>::value, ConstImage, Image>;
    return Made(Span<Sample>(samples), width, height, color);
}

/// The same of samples at a pointer whose rows are `row_stride` bytes apart; nothing checks how many there
/// are. Planes and other orders: describe them by mirra_image.
template<class Sample>
auto image(Sample *first, std::int32_t width, std::int32_t height, mirra_color color,
           std::int64_t row_stride) {
    using Made = std::conditional_t<std::is_const<Sample>::value, ConstImage, Image>;
    return Made(ConstImage::with_rows(first, width, height, color, row_stride));
}

inline mirra_comparison compare(const ConstImage &a, const ConstImage &b) {
    return filled<mirra_comparison>([&](mirra_comparison *comparison, mirra_error **error) {
        return mirra_image_compare(&a.get(), &b.get(), comparison, error);
    });
}

struct WriteOptions {
    std::int32_t jpeg_quality = 0; ///< of JPEG, WebP, JPEG XL, 1 ... 100; 0: 95. 100 is lossless but in JPEG
    std::int32_t bit_depth = 0;    ///< 8 or 16; of a TIFF or JPEG XL also 32; 0: as the pixels have it
    std::string format; ///< "png", "jpeg", "tiff", "webp", "jxl"; "": the ending of the file's name says it
    Log log;            ///< told what the metadata's file had and this one lacks
};

class Picture;
inline void write(const std::string &path, const ConstImage &image, const WriteOptions &options = {},
                  const Picture *metadata = nullptr);
inline Memory write_memory(const ConstImage &image, const WriteOptions &options,
                           const Picture *metadata = nullptr);

/// Pixels and metadata of a file, or of the library's or the caller's memory.
class Picture : public Handle<mirra_picture, mirra_picture_destroy> {
  public:
    using Handle::Handle;

    /// A PNG, JPEG, TIFF, WebP or JPEG XL file. max_pixels: larger pictures are refused; 0: 1 << 28
    static Picture read(const std::string &path, std::uint64_t max_pixels = 0) {
        const mirra_read_options options = read_options(max_pixels);
        return made<Picture>([&](mirra_picture **picture, mirra_error **error) {
            return mirra_image_read(path.c_str(), &options, picture, error);
        });
    }
    static Picture read_memory(const void *bytes, std::size_t size, std::uint64_t max_pixels = 0) {
        const mirra_read_options options = read_options(max_pixels);
        return made<Picture>([&](mirra_picture **picture, mirra_error **error) {
            return mirra_image_read_memory(bytes, size, &options, picture, error);
        });
    }
    /// Black, and transparent. format: MIRRA_FORMAT_*   color: MIRRA_COLOR_*
    static Picture create(std::int32_t width, std::int32_t height, mirra_format format, mirra_color color) {
        return made<Picture>([&](mirra_picture **picture, mirra_error **error) {
            return mirra_picture_create(width, height, format, color, picture, error);
        });
    }
    /// The caller's pixels, without a copy.
    /// @param release  called once, from any thread, when they are no longer needed; not on failure. May be
    /// empty; what it throws is dropped
    static Picture wrap(const Image &image, std::function<void()> release) {
        auto user = std::make_unique<std::function<void()>>(std::move(release));
        Picture picture = made<Picture>([&](mirra_picture **out, mirra_error **error) {
            return mirra_picture_wrap(&image.get(), released, user.get(), out, error);
        });
        static_cast<void>(user.release());
        return picture;
    }

    /// Describes the picture's memory; lives as long as the picture.
    [[nodiscard]] Image view() const {
        return Image(filled<mirra_image>(
            [&](mirra_image *view, mirra_error **error) { return mirra_picture_view(get(), view, error); }));
    }
    [[nodiscard]] mirra_picture_info info() const {
        return filled<mirra_picture_info>([&](mirra_picture_info *info, mirra_error **error) {
            return mirra_picture_get_info(get(), info, error);
        });
    }
    /// kind: MIRRA_METADATA_*. Empty where the picture has none; lives until the colours are changed.
    [[nodiscard]] Span<const std::byte> metadata(mirra_metadata kind) const {
        const void *bytes = nullptr;
        std::uint64_t size = 0;
        check([&](mirra_error **error) { return mirra_picture_metadata(get(), kind, &bytes, &size, error); });
        return {static_cast<const std::byte *>(bytes), static_cast<std::size_t>(size)};
    }
    /// What the file had and the picture lacks, a sentence each.
    [[nodiscard]] std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        while (const char *note = mirra_picture_note(get(), static_cast<std::uint32_t>(notes.size())))
            notes.emplace_back(note);
        return notes;
    }
    void copy_color(const Picture &source) {
        check([&](mirra_error **error) { return mirra_picture_copy_color(get(), source.get(), error); });
    }
    [[nodiscard]] bool same_color(const Picture &other) const noexcept {
        return mirra_picture_same_color(get(), other.get()) != 0;
    }
    void to_srgb() {
        check([&](mirra_error **error) { return mirra_picture_to_srgb(get(), error); });
    }
    /// With its own metadata.
    void write(const std::string &path, const WriteOptions &options = {}) const {
        api::write(path, view(), options, this);
    }
    /// The same as bytes; the options name the format.
    [[nodiscard]] Memory write_memory(const WriteOptions &options) const {
        return api::write_memory(view(), options, this);
    }

  private:
    static mirra_read_options read_options(std::uint64_t max_pixels) noexcept {
        MIRRA_STRUCT(mirra_read_options, options);
        options.max_pixels = max_pixels;
        return options;
    }
    static void released(void *user) noexcept {
        const std::unique_ptr<std::function<void()>> release(static_cast<std::function<void()> *>(user));
        Thrown dropped;
        if (*release)
            dropped.keep(0, [&] {
                (*release)();
                return 0;
            });
    }
};

namespace detail {

/// The options for mirra.h; live as long as both arguments.
struct Writing {
    explicit Writing(const WriteOptions &given) : options(given) {
        c.jpeg_quality = given.jpeg_quality;
        c.bit_depth = given.bit_depth;
        c.format = given.format.empty() ? nullptr : given.format.c_str();
        if (!given.log) return;
        c.log = logged;
        c.log_user = this;
    }
    static void logged(void *user, mirra_log_level level, const char *message) {
        Writing &all = *static_cast<Writing *>(user);
        all.thrown.keep(0, [&] {
            all.options.log(level, message);
            return 0;
        });
    }

    const WriteOptions &options;
    mirra_write_options c = make_struct<mirra_write_options>();
    Thrown thrown;
};

} // namespace detail

/// Writes a PNG, JPEG, TIFF, WebP or JPEG XL. metadata: the picture whose metadata and colour tags go along
inline void write(const std::string &path, const ConstImage &image, const WriteOptions &options,
                  const Picture *metadata) {
    detail::Writing writing(options);
    check_calling_back(writing.thrown, [&](mirra_error **error) {
        return mirra_image_write(path.c_str(), &image.get(), metadata == nullptr ? nullptr : metadata->get(),
                                 &writing.c, error);
    });
}

/// The same as bytes; the options name the format.
inline Memory write_memory(const ConstImage &image, const WriteOptions &options, const Picture *metadata) {
    detail::Writing writing(options);
    void *bytes = nullptr;
    std::size_t size = 0;
    Memory memory;
    check_calling_back(writing.thrown, [&](mirra_error **error) {
        const mirra_status status = mirra_image_write_memory(
            &image.get(), metadata == nullptr ? nullptr : metadata->get(), &writing.c, &bytes, &size, error);
        if (status == MIRRA_OK) memory = Memory(bytes, size);
        return status;
    });
    return memory;
}

/// What write() would refuse for path, format and size alone. image: NULL: not known yet
inline void check_write(const std::string &path, const ConstImage *image = nullptr,
                        const WriteOptions &options = {}) {
    const detail::Writing writing(options);
    check([&](mirra_error **error) {
        return mirra_image_check_write(path.c_str(), image == nullptr ? nullptr : &image->get(), &writing.c,
                                       error);
    });
}

// ---- Tensors

namespace detail {
template<class Managed> struct DeleteManaged {
    void operator()(Managed *tensor) const noexcept {
        if (tensor->deleter != nullptr) tensor->deleter(tensor);
    }
};
} // namespace detail

/// A tensor {N, C, H, W} or of another rank in DLPack's form, fp32 on the CPU, row-major. A view: it keeps
/// its memory alive by itself.
class Tensor {
  public:
    using pointer = DLManagedTensorVersioned *;

    Tensor() noexcept = default;
    explicit Tensor(DLManagedTensorVersioned *tensor) noexcept : tensor_(tensor) {}

    /// NULL in a moved-from one.
    [[nodiscard]] const DLTensor *get() const noexcept { return tensor_ ? &tensor_->dl_tensor : nullptr; }
    /// For a consumer of DLPack, which calls the deleter.
    [[nodiscard]] DLManagedTensorVersioned *release() noexcept { return tensor_.release(); }
    explicit operator bool() const noexcept { return tensor_ != nullptr; }
    [[nodiscard]] Span<const std::int64_t> shape() const noexcept {
        if (!tensor_) return {};
        return {tensor_->dl_tensor.shape, static_cast<std::size_t>(tensor_->dl_tensor.ndim)};
    }
    [[nodiscard]] Span<const float> values() const noexcept {
        if (!tensor_) return {};
        std::size_t count = 1;
        for (const std::int64_t extent : shape()) count *= static_cast<std::size_t>(extent);
        const auto *bytes = static_cast<const std::byte *>(tensor_->dl_tensor.data);
        return {reinterpret_cast<const float *>(bytes + tensor_->dl_tensor.byte_offset), count};
    }

  private:
    std::unique_ptr<DLManagedTensorVersioned, detail::DeleteManaged<DLManagedTensorVersioned>> tensor_;
};

/// A copy for consumers that know DLPack before version 1 only.
using OldTensor = std::unique_ptr<DLManagedTensor, detail::DeleteManaged<DLManagedTensor>>;

/// A set of named tensors: what a graph takes and gives, and what a safetensors file holds.
class Tensors : public Handle<mirra_tensors, mirra_tensors_destroy> {
  public:
    using Handle::Handle;

    static Tensors create() { return made<Tensors>(mirra_tensors_create); }
    static Tensors read(const std::string &path) {
        return made<Tensors>([&](mirra_tensors **tensors, mirra_error **error) {
            return mirra_tensors_read(path.c_str(), tensors, error);
        });
    }
    static Tensors read_memory(const void *bytes, std::size_t size) {
        return made<Tensors>([&](mirra_tensors **tensors, mirra_error **error) {
            return mirra_tensors_read_memory(bytes, size, tensors, error);
        });
    }
    void write(const std::string &path) const {
        check([&](mirra_error **error) { return mirra_tensors_write(get(), path.c_str(), error); });
    }
    [[nodiscard]] Memory write_memory() const {
        void *bytes = nullptr;
        std::size_t size = 0;
        check([&](mirra_error **error) { return mirra_tensors_write_memory(get(), &bytes, &size, error); });
        return {bytes, size};
    }

    /// Copies a tensor in, replacing one of that name.
    void add(const std::string &name, const DLTensor &tensor) {
        check([&](mirra_error **error) { return mirra_tensors_add(get(), name.c_str(), &tensor, error); });
    }
    /// The same of values in row-major order. @throws Error invalid_argument unless they fit the shape
    void add(const std::string &name, Span<const float> values, std::vector<std::int64_t> shape) {
        std::uint64_t count = 1;
        bool fits = true;
        for (const std::int64_t extent : shape) {
            fits = fits && extent >= 0 &&
                   (extent == 0 || count <= values.size() / static_cast<std::uint64_t>(extent));
            if (fits) count *= static_cast<std::uint64_t>(extent);
        }
        if (!fits || count != values.size())
            throw Error(MIRRA_E_INVALID_ARGUMENT, "the values do not fit the shape", name);
        DLTensor tensor{};
        tensor.data = const_cast<float *>(values.data());
        tensor.device = {kDLCPU, 0};
        tensor.ndim = static_cast<std::int32_t>(shape.size());
        tensor.dtype = {kDLFloat, 32, 1};
        tensor.shape = shape.data();
        add(name, tensor);
    }
    /// In alphabetical order.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        while (const char *name = mirra_tensors_name(get(), static_cast<std::uint32_t>(names.size())))
            names.emplace_back(name);
        return names;
    }
    [[nodiscard]] Tensor at(const std::string &name) const {
        return made<Tensor>([&](DLManagedTensorVersioned **tensor, mirra_error **error) {
            return mirra_tensors_get_versioned(get(), name.c_str(), tensor, error);
        });
    }
    [[nodiscard]] OldTensor copy(const std::string &name) const {
        DLManagedTensor *tensor = nullptr;
        check([&](mirra_error **error) { return mirra_tensors_copy(get(), name.c_str(), &tensor, error); });
        return OldTensor(tensor);
    }
};

// ---- Bundles

/// Trained networks: their graphs, weights, defaults and measured quality.
class Bundle : public Handle<mirra_bundle, mirra_bundle_destroy> {
  public:
    using Handle::Handle;

    /// `path` is a path; Engine::find_bundle looks names up.
    static Bundle open(const std::string &path) {
        return made<Bundle>([&](mirra_bundle **bundle, mirra_error **error) {
            return mirra_bundle_open(path.c_str(), bundle, error);
        });
    }
    /// name: for messages
    static Bundle open_memory(const void *bytes, std::size_t size, const std::string &name = "memory") {
        return made<Bundle>([&](mirra_bundle **bundle, mirra_error **error) {
            return mirra_bundle_open_memory(bytes, size, name.c_str(), bundle, error);
        });
    }
    [[nodiscard]] mirra_bundle_info info() const {
        return filled<mirra_bundle_info>([&](mirra_bundle_info *info, mirra_error **error) {
            return mirra_bundle_get_info(get(), info, error);
        });
    }
    [[nodiscard]] std::string manifest_json() const { return mirra_bundle_manifest_json(get()); }
    [[nodiscard]] std::vector<mirra_graph_info> graphs() const {
        std::vector<mirra_graph_info> graphs;
        for (std::uint32_t i = 0; i < info().graph_count; ++i)
            graphs.push_back(filled<mirra_graph_info>([&](mirra_graph_info *graph, mirra_error **error) {
                return mirra_bundle_graph(get(), i, graph, error);
            }));
        return graphs;
    }
    /// Multiplications with additions that Engine::run_graph() on these inputs does. Runs nothing.
    [[nodiscard]] std::uint64_t graph_work(const std::string &graph, const Tensors &inputs) const {
        std::uint64_t work = 0;
        check([&](mirra_error **error) {
            return mirra_graph_work(get(), graph.c_str(), inputs.get(), &work, error);
        });
        return work;
    }
};

// ---- Runs

/// Stops runs, for ever once requested.
class Cancel : public Handle<mirra_cancel, mirra_cancel_destroy> {
  public:
    using Handle::Handle;

    static Cancel create() { return made<Cancel>(mirra_cancel_create); }
    /// Asks; does not wait.
    void request() const noexcept { mirra_cancel_request(get()); }
    [[nodiscard]] bool requested() const noexcept { return mirra_cancel_requested(get()) != 0; }
};

/// A picture that is read piece by piece: the first image input of a run.
struct Source {
    /// Its size, format, colour and transfer; see mirra_source.
    mirra_image image;
    /// Fills `pixels` with the rectangle `rect` of the picture.
    std::function<void(const mirra_rect &rect, const Image &pixels)> read;
};

/// A picture that is written piece by piece: the image output of a run.
struct Sink {
    mirra_image image; ///< as in Source
    /// Takes the rectangle `rect` of the output.
    std::function<void(const mirra_rect &rect, const ConstImage &pixels)> write;
};

/// A value at a port of a task, made by in() and out(). Pixels, pictures and tensors stay the caller's and
/// must be there until the run is done (a job's pictures and tensors: until it was submitted).
struct Port {
    std::string name;
    std::optional<ConstImage> image = {};
    std::optional<Value> value = {};
    const DLTensor *tensor = nullptr;
    mirra_picture *picture = nullptr;
    std::optional<Source> source = {};
    std::optional<Sink> sink = {};
};

inline Port in(std::string name, const ConstImage &image) {
    Port port{std::move(name)};
    port.image = image;
    return port;
}
inline Port in(std::string name, const Picture &picture) {
    Port port{std::move(name)};
    port.picture = picture.get();
    return port;
}
inline Port in(std::string name, const DLTensor &tensor) {
    Port port{std::move(name)};
    port.tensor = &tensor;
    return port;
}
inline Port in(std::string name, const Tensor &tensor) {
    Port port{std::move(name)};
    port.tensor = tensor.get();
    return port;
}
inline Port in(std::string name, Source source) {
    Port port{std::move(name)};
    port.source = std::move(source);
    return port;
}
inline Port in(std::string name, Value value) {
    Port port{std::move(name)};
    port.value = std::move(value);
    return port;
}
inline Port out(std::string name, const Image &image) {
    return in(std::move(name), image);
}
inline Port out(std::string name, Picture &picture) {
    return in(std::move(name), picture);
}
inline Port out(std::string name, Sink sink) {
    Port port{std::move(name)};
    port.sink = std::move(sink);
    return port;
}
/// Asks for a result that the task may leave out otherwise.
inline Port out(std::string name) {
    return Port{std::move(name)};
}

struct RunOptions {
    /// True to go on, false to stop the run with MIRRA_E_CANCELLED.
    std::function<bool(const mirra_progress &progress)> progress = {};
    /// Called when a rectangle of the output is final; gives the same.
    std::function<bool(const mirra_rect &rect, const ConstImage &pixels)> tile = {};
    /// Of a job: called once when it has ended, from its thread. What it throws comes out of a Job::wait that
    /// comes after it.
    std::function<void(mirra_status status)> done = {};
    const Cancel *cancel = nullptr;
    std::optional<mirra_rect> region = {}; ///< of the output, in pixels: no more is made
    double scale = 0;                      ///< below 1: of a reduced preview
    std::int64_t frame = 0;                ///< number of the image within a sequence
};

/// What a run gave besides images.
class Result : public Handle<mirra_result, mirra_result_destroy> {
  public:
    using Handle::Handle;

    [[nodiscard]] mirra_result_info info() const {
        return filled<mirra_result_info>([&](mirra_result_info *info, mirra_error **error) {
            return mirra_result_get_info(get(), info, error);
        });
    }
    /// All values, with their names.
    [[nodiscard]] std::vector<std::pair<std::string, Value>> values() const {
        std::vector<std::pair<std::string, Value>> values;
        for (std::uint32_t i = 0; i < info().value_count; ++i) {
            const char *name = nullptr;
            const auto value = filled<mirra_value>([&](mirra_value *out, mirra_error **error) {
                return mirra_result_value(get(), i, &name, out, error);
            });
            values.emplace_back(name, Value(value));
        }
        return values;
    }
    /// @throws Error not_found
    [[nodiscard]] Value value(const std::string &name) const {
        return Value(filled<mirra_value>([&](mirra_value *value, mirra_error **error) {
            return mirra_result_find(get(), name.c_str(), value, error);
        }));
    }
    [[nodiscard]] Tensors tensors() const {
        return made<Tensors>([&](mirra_tensors **tensors, mirra_error **error) {
            return mirra_result_tensors(get(), tensors, error);
        });
    }
};

namespace detail {

/// What a run is called with, and what its callbacks threw.
class Running {
  public:
    Running(std::vector<Port> ports, RunOptions given) : ports_(std::move(ports)), given_(std::move(given)) {
        values.reserve(ports_.size());
        for (Port &port : ports_) values.push_back(value_of(port));
        options.user = this;
        if (given_.progress) options.progress = on_progress;
        if (given_.tile) options.tile = on_tile;
        if (given_.done) options.done = on_done;
        if (given_.cancel != nullptr) options.cancel = given_.cancel->get();
        if (given_.region) options.region = &*given_.region;
        options.scale = given_.scale;
        options.frame = given_.frame;
    }
    Running(const Running &) = delete;
    Running &operator=(const Running &) = delete;

    /// Of a job: callbacks may come after the Job is gone, until the library says that none does.
    void keep_until_freed(std::shared_ptr<Running> self) {
        self_ = std::move(self);
        options.user_free = [](void *user) { of(user).let_go(); };
    }
    void let_go() noexcept { const std::shared_ptr<Running> last = std::move(self_); }

    std::vector<mirra_port_value> values;
    mirra_run_options options = make_struct<mirra_run_options>();
    Thrown thrown;

  private:
    struct Piece { ///< a source or a sink
        Running *run;
        const Port *port;
        mirra_source source;
        mirra_sink sink;
    };

    mirra_port_value value_of(const Port &port) {
        MIRRA_STRUCT(mirra_port_value, value);
        value.name = port.name.c_str();
        value.image = port.image ? &port.image->get() : nullptr;
        value.tensor = port.tensor;
        value.picture = port.picture;
        if (port.value) value.value = &plain_.emplace_back(port.value->get());
        if (!port.source && !port.sink) return value;
        Piece &piece =
            pieces_.emplace_back(Piece{this, &port, make_struct<mirra_source>(), make_struct<mirra_sink>()});
        if (port.source) {
            piece.source.image = &port.source->image;
            piece.source.read = on_read;
            piece.source.user = &piece;
            value.source = &piece.source;
        } else {
            piece.sink.image = &port.sink->image;
            piece.sink.write = on_write;
            piece.sink.user = &piece;
            value.sink = &piece.sink;
        }
        return value;
    }

    static Running &of(void *user) noexcept { return *static_cast<Running *>(user); }
    static std::int32_t on_progress(void *user, const mirra_progress *progress) {
        return of(user).thrown.keep(std::int32_t{1}, [&] {
            return of(user).given_.progress(*progress) ? std::int32_t{0} : std::int32_t{1};
        });
    }
    static std::int32_t on_tile(void *user, const mirra_rect *rect, const mirra_image *pixels) {
        return of(user).thrown.keep(std::int32_t{1}, [&] {
            return of(user).given_.tile(*rect, ConstImage(*pixels)) ? std::int32_t{0} : std::int32_t{1};
        });
    }
    static void on_done(void *user, mirra_status status) {
        of(user).thrown.keep(0, [&] {
            of(user).given_.done(status);
            return 0;
        });
    }
    static mirra_status on_read(void *user, const mirra_rect *rect, const mirra_image *pixels) {
        const Piece &piece = *static_cast<const Piece *>(user);
        return piece.run->thrown.keep(mirra_status{MIRRA_E_IO}, [&] {
            piece.port->source->read(*rect, Image(*pixels));
            return mirra_status{MIRRA_OK};
        });
    }
    static mirra_status on_write(void *user, const mirra_rect *rect, const mirra_image *pixels) {
        const Piece &piece = *static_cast<const Piece *>(user);
        return piece.run->thrown.keep(mirra_status{MIRRA_E_IO}, [&] {
            piece.port->sink->write(*rect, ConstImage(*pixels));
            return mirra_status{MIRRA_OK};
        });
    }

    std::vector<Port> ports_;
    RunOptions given_;
    std::list<mirra_value> plain_;
    std::list<Piece> pieces_;
    std::shared_ptr<Running> self_;
};

} // namespace detail

/// A run on a thread of its own. Destroying it stops the run and waits until it no longer touches memory.
class Job : public Handle<mirra_job, mirra_job_destroy> {
  public:
    using Handle::Handle;
    Job(mirra_job *job, std::shared_ptr<detail::Running> running) noexcept
        : Handle(job)
        , running_(std::move(running)) {}

    [[nodiscard]] mirra_job_status poll() const {
        return filled<mirra_job_status>([&](mirra_job_status *status, mirra_error **error) {
            return mirra_job_poll(get(), status, error);
        });
    }
    /// Waits until it is done, and gives what it gave. @throws Error, or what a callback threw
    [[nodiscard]] Result wait() const {
        auto result = wait_for(-1);
        if (!result) throw Error(MIRRA_E_TIMEOUT, static_cast<const mirra_error *>(nullptr));
        return std::move(*result);
    }
    /// The same for at most so many seconds (negative: for ever); none where it is not done by then.
    [[nodiscard]] std::optional<Result> wait_for(double seconds) const {
        Result result;
        mirra_error *error = nullptr;
        const mirra_status status = mirra_job_wait(get(), seconds, result.out(), &error);
        const std::unique_ptr<mirra_error, void (*)(mirra_error *)> owner(error, mirra_error_destroy);
        if (status == MIRRA_E_TIMEOUT) return std::nullopt;
        if (running_) running_->thrown.rethrow();
        if (status != MIRRA_OK) throw Error(status, owner.get());
        return result;
    }
    /// Asks it to stop; does not wait.
    void cancel() const noexcept { mirra_job_cancel(get()); }

  private:
    std::shared_ptr<detail::Running> running_;
};

// ---- Sessions

struct SessionOptions {
    std::string task;               ///< its name, or "ID:NAME"
    const Bundle *bundle = nullptr; ///< NULL: the task's default
    std::string quality;            ///< in place of a bundle: "fast", ...; "": the default
    std::string device;             ///< "cpu", "cuda:0"; "": "cpu"
    mirra_precision precision = MIRRA_PRECISION_AUTO;
    std::uint64_t memory_limit = 0; ///< in bytes; 0: none
    std::int32_t threads = 0;       ///< 0: as many as the process may use
    std::int32_t tile_size = 0;     ///< largest side of a tile, in pixels; 0: chosen
};

/// A task with its bundle on a device, with its parameters set. One call at a time.
class Session : public Handle<mirra_session, mirra_session_destroy> {
  public:
    using Handle::Handle;

    void set(const std::string &name, const Value &value) {
        const mirra_value given = value.get();
        check([&](mirra_error **error) { return mirra_session_set(get(), name.c_str(), &given, error); });
    }
    /// From text as a person writes it: "auto", "12.5", "true".
    void set_text(const std::string &name, const std::string &text) {
        check([&](mirra_error **error) {
            return mirra_session_set_text(get(), name.c_str(), text.c_str(), error);
        });
    }
    /// All of a JSON object's, or none.
    void set_json(const std::string &json) {
        check([&](mirra_error **error) { return mirra_session_set_json(get(), json.c_str(), error); });
    }
    [[nodiscard]] Value value(const std::string &name) const {
        return Value(filled<mirra_value>([&](mirra_value *value, mirra_error **error) {
            return mirra_session_get(get(), name.c_str(), value, error);
        }));
    }
    [[nodiscard]] std::string json() const {
        return given_text(
            [&](char **json, mirra_error **error) { return mirra_session_get_json(get(), json, error); });
    }
    /// Gives a parameter the value that it had at first.
    void reset_param(const std::string &name) {
        check([&](mirra_error **error) { return mirra_session_reset(get(), name.c_str(), error); });
    }
    void reset_params() {
        check([&](mirra_error **error) { return mirra_session_reset(get(), nullptr, error); });
    }
    /// The parameters, with what the session's bundle says of them.
    [[nodiscard]] std::vector<mirra_param_info> params() const {
        std::vector<mirra_param_info> params;
        for (;;) {
            MIRRA_STRUCT(mirra_param_info, info);
            mirra_error *error = nullptr;
            const mirra_status status =
                mirra_session_param(get(), static_cast<std::uint32_t>(params.size()), &info, &error);
            const std::unique_ptr<mirra_error, void (*)(mirra_error *)> owner(error, mirra_error_destroy);
            if (status == MIRRA_E_NOT_FOUND) return params;
            if (status != MIRRA_OK) throw Error(status, owner.get());
            params.push_back(info);
        }
    }
    [[nodiscard]] mirra_session_info info() const {
        return filled<mirra_session_info>([&](mirra_session_info *info, mirra_error **error) {
            return mirra_session_get_info(get(), info, error);
        });
    }
    /// Another one with the same options and parameters, for a thread of its own.
    [[nodiscard]] Session clone() const {
        return made<Session>([&](mirra_session **clone, mirra_error **error) {
            return mirra_session_clone(get(), clone, error);
        });
    }
    /// What a run on an image of that size would do.
    [[nodiscard]] mirra_plan plan(std::int32_t width, std::int32_t height) const {
        return filled<mirra_plan>([&](mirra_plan *plan, mirra_error **error) {
            return mirra_session_plan(get(), width, height, plan, error);
        });
    }
    /// The part of an input image of that size that a region of the output depends on.
    [[nodiscard]] mirra_rect required(std::int32_t width, std::int32_t height,
                                      const mirra_rect &region) const {
        return filled<mirra_rect>([&](mirra_rect *needed, mirra_error **error) {
            return mirra_session_required(get(), width, height, &region, needed, error);
        });
    }

    /// Runs the task and returns when it is done. @throws Error, or what a callback threw
    Result run(std::vector<Port> ports, RunOptions options = {}) {
        detail::Running running(std::move(ports), std::move(options));
        Result result;
        check_calling_back(running.thrown, [&](mirra_error **error) {
            return mirra_session_run(get(), running.values.data(), running.values.size(), &running.options,
                                     result.out(), error);
        });
        return result;
    }
    /// The same on a thread of its own. Pixels must stay in place until the job is done.
    [[nodiscard]] Job submit(std::vector<Port> ports, RunOptions options = {}) {
        auto running = std::make_shared<detail::Running>(std::move(ports), std::move(options));
        running->keep_until_freed(running);
        Job job(nullptr, running);
        try {
            check([&](mirra_error **error) {
                return mirra_session_submit(get(), running->values.data(), running->values.size(),
                                            &running->options, job.out(), error);
            });
        } catch (...) {
            running->let_go();
            throw;
        }
        return job;
    }
};

// ---- The engine

struct EngineOptions {
    mirra_engine_flags flags = 0;                ///< MIRRA_PLUGIN_PATH_ONLY, ...
    std::string plugin_path;                     ///< folders and files, with ':' between; "": none
    std::string plugin_skip;                     ///< plugins that are passed over: files, paths, ids
    std::string bundle_path;                     ///< folders
    std::string runtime_module;                  ///< file; "": looked for
    std::string libtorch_path;                   ///< folder; "": looked for
    mirra_log_level log_level = MIRRA_LOG_DEBUG; ///< the least that `log` receives
    /// Told of everything, from any thread. What it throws while the engine is made comes out of
    /// Engine::create; later it is dropped.
    Log log;
    /// Told of each plugin's file before anything of it runs.
    std::function<void(const std::string &path)> loading;
};

struct GraphOptions {
    std::string device; ///< "": "cpu"
    mirra_precision precision = MIRRA_PRECISION_AUTO;
    std::uint64_t memory_limit = 0; ///< in bytes; 0: none
    std::int32_t threads = 0;       ///< 0: as many as the process may use
};

/// The plugins, the devices and the cache of compiled networks. A program makes one.
class Engine : public Handle<mirra_engine, mirra_engine_destroy> {
  public:
    using Handle::Handle;

    static Engine create(const EngineOptions &given = {}) {
        const auto telling = std::make_shared<Telling>();
        telling->log = given.log;
        telling->loading = given.loading;
        auto user = std::make_unique<std::shared_ptr<Telling>>(telling);
        MIRRA_STRUCT(mirra_engine_options, options);
        options.flags = given.flags;
        options.plugin_path = or_null(given.plugin_path);
        options.plugin_skip = or_null(given.plugin_skip);
        options.bundle_path = or_null(given.bundle_path);
        options.runtime_module = or_null(given.runtime_module);
        options.libtorch_path = or_null(given.libtorch_path);
        options.log_level = given.log_level;
        if (given.loading) options.loading = on_loading;
        options.loading_user = telling.get();
        if (given.log) {
            options.log = on_log;
            options.log_user_free = [](void *log_user) {
                const std::unique_ptr<std::shared_ptr<Telling>> last(of(log_user));
            };
            options.log_user = user.release();
        }
        Engine engine;
        check_calling_back(telling->thrown, [&](mirra_error **error) {
            return mirra_engine_create(&options, engine.out(), error);
        });
        return engine;
    }
    /// Stops all runs and jobs and waits for them. @throws Error timeout
    void shutdown(double seconds = -1) {
        check([&](mirra_error **error) { return mirra_engine_shutdown(get(), seconds, error); });
    }

    /// Number of the process that runs its sessions (MIRRA_ISOLATION_PROCESS); 0: this one, or none now.
    [[nodiscard]] std::int64_t process() const noexcept { return mirra_engine_process(get()); }

    // -- what there is; texts live as long as the engine

    [[nodiscard]] std::vector<mirra_task_info> tasks() const {
        return listed<mirra_task_info>(mirra_engine_task_count(get()), mirra_engine_task);
    }
    [[nodiscard]] mirra_task_info task(const std::string &name) const {
        return filled<mirra_task_info>([&](mirra_task_info *info, mirra_error **error) {
            return mirra_engine_find_task(get(), name.c_str(), info, error);
        });
    }
    [[nodiscard]] std::vector<mirra_port_info> ports(const std::string &task_name) const {
        return listed<mirra_port_info>(
            task(task_name).port_count,
            [&](const mirra_engine *engine, std::uint32_t index, mirra_port_info *info, mirra_error **error) {
                return mirra_engine_port(engine, task_name.c_str(), index, info, error);
            });
    }
    [[nodiscard]] std::vector<mirra_param_info> params(const std::string &task_name) const {
        return listed<mirra_param_info>(
            task(task_name).param_count, [&](const mirra_engine *engine, std::uint32_t index,
                                             mirra_param_info *info, mirra_error **error) {
                return mirra_engine_param(engine, task_name.c_str(), index, info, error);
            });
    }
    [[nodiscard]] std::string schema_json() const { return mirra_engine_schema_json(get()); }
    [[nodiscard]] std::vector<mirra_bundle_record> bundles() const {
        return listed<mirra_bundle_record>(mirra_engine_bundle_count(get()), mirra_engine_bundle);
    }
    [[nodiscard]] std::vector<mirra_plugin_record> plugins() const {
        return listed<mirra_plugin_record>(mirra_engine_plugin_count(get()), mirra_engine_plugin);
    }
    [[nodiscard]] std::vector<mirra_device_info> devices() const {
        return listed<mirra_device_info>(mirra_engine_device_count(get()), mirra_engine_device);
    }
    [[nodiscard]] mirra_runtime_info runtime() const {
        return filled<mirra_runtime_info>([&](mirra_runtime_info *info, mirra_error **error) {
            return mirra_engine_runtime(get(), info, error);
        });
    }
    /// Multiplications with additions that the device does in a second at most; takes half a second.
    [[nodiscard]] double measure_peak(const std::string &device = {},
                                      mirra_precision precision = MIRRA_PRECISION_AUTO,
                                      std::int32_t threads = 0) const {
        double peak = 0;
        check([&](mirra_error **error) {
            return mirra_engine_measure_peak(get(), or_null(device), precision, threads, &peak, error);
        });
        return peak;
    }
    /// The path of a bundle that is named by path or by file name.
    [[nodiscard]] std::string find_bundle(const std::string &name) const {
        return given_text([&](char **path, mirra_error **error) {
            return mirra_engine_find_bundle(get(), name.c_str(), path, error);
        });
    }

    // -- what it makes

    [[nodiscard]] Session session(const SessionOptions &given) const {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = given.task.c_str();
        options.bundle = given.bundle == nullptr ? nullptr : given.bundle->get();
        options.quality = or_null(given.quality);
        options.device = or_null(given.device);
        options.precision = given.precision;
        options.memory_limit = given.memory_limit;
        options.threads = given.threads;
        options.tile_size = given.tile_size;
        return made<Session>([&](mirra_session **session, mirra_error **error) {
            return mirra_session_create(get(), &options, session, error);
        });
    }
    /// Runs a network of a bundle as it is.
    [[nodiscard]] Tensors run_graph(const Bundle &bundle, const std::string &graph, const Tensors &inputs,
                                    const GraphOptions &given = {}) const {
        MIRRA_STRUCT(mirra_graph_options, options);
        options.device = or_null(given.device);
        options.precision = given.precision;
        options.memory_limit = given.memory_limit;
        options.threads = given.threads;
        return made<Tensors>([&](mirra_tensors **outputs, mirra_error **error) {
            return mirra_graph_run(get(), bundle.get(), graph.c_str(), &options, inputs.get(), outputs,
                                   error);
        });
    }

  private:
    struct Telling { ///< whom an engine tells
        Log log;
        std::function<void(const std::string &path)> loading;
        Thrown thrown;
    };
    static std::shared_ptr<Telling> *of(void *user) noexcept {
        return static_cast<std::shared_ptr<Telling> *>(user);
    }
    static void on_log(void *user, mirra_log_level level, const char *message) {
        Telling &all = **of(user);
        all.thrown.keep(0, [&] {
            all.log(level, message);
            return 0;
        });
    }
    static void on_loading(void *user, const char *path) {
        Telling &all = *static_cast<Telling *>(user);
        all.thrown.keep(0, [&] {
            all.loading(path);
            return 0;
        });
    }
    static const char *or_null(const std::string &text) noexcept {
        return text.empty() ? nullptr : text.c_str();
    }
    template<class Info, class Call> std::vector<Info> listed(std::uint32_t count, const Call &call) const {
        std::vector<Info> all;
        for (std::uint32_t i = 0; i < count; ++i)
            all.push_back(
                filled<Info>([&](Info *info, mirra_error **error) { return call(get(), i, info, error); }));
        return all;
    }
};

// ---- Files and texts

/// Writes a file as everything here is written: readers see the old content or the new, never a part.
inline void write_file(const std::string &path, const void *bytes, std::size_t size) {
    check([&](mirra_error **error) { return mirra_file_write(path.c_str(), bytes, size, error); });
}
/// What write_file() would refuse for the path alone.
inline void check_write_file(const std::string &path) {
    check([&](mirra_error **error) { return mirra_file_check_write(path.c_str(), error); });
}
/// A text that came from a file as it may go to a terminal.
inline std::string printable(const std::string &text) {
    return given_text([&](char **printed, mirra_error **error) {
        return mirra_text_printable(text.c_str(), printed, error);
    });
}

} // namespace api
} // namespace mirra

#endif // MIRRA_MIRRA_HPP_
