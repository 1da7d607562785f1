// Frame headers of ISO/IEC 18181-1, as far as sizes, order and ends of the frames hang on them.
#include "jxl_frames.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

namespace mirra::image::detail {
namespace {

/// Bits from the lowest of each byte on; zeros behind the end.
class Bits {
  public:
    explicit Bits(ByteSpan bytes) : bytes_(bytes) {}

    [[nodiscard]] bool over() const noexcept { return at_ > 8 * std::uint64_t{bytes_.size()}; }
    [[nodiscard]] std::uint64_t byte() const noexcept { return (at_ + 7) / 8; }
    std::uint32_t take(unsigned count) noexcept {
        std::uint32_t value = 0;
        for (unsigned i = 0; i < count; ++i, ++at_)
            if (at_ / 8 < bytes_.size())
                value |= (std::to_integer<std::uint32_t>(bytes_[at_ / 8]) >> (at_ % 8) & 1U) << i;
        return value;
    }
    bool flag() noexcept { return take(1) != 0; }
    void skip(std::uint64_t count) noexcept { at_ += std::min(count, 8 * std::uint64_t{bytes_.size()} + 1); }
    void to_byte() noexcept { at_ = 8 * byte(); }

    struct Choice {
        unsigned bits;
        std::uint32_t offset;
    };
    /// One of four ranges.
    std::uint32_t number(const std::array<Choice, 4> &choices) noexcept {
        const Choice &choice = choices[take(2)];
        return choice.offset + take(choice.bits);
    }
    std::uint64_t wide() noexcept {
        constexpr unsigned kLast = 60;
        switch (take(2)) {
        case 0:
            return 0;
        case 1:
            return 1 + take(4);
        case 2:
            return 17 + take(8);
        default:
            break;
        }
        std::uint64_t value = take(12);
        for (unsigned shift = 12; flag(); shift += 8) {
            value |= std::uint64_t{take(shift == kLast ? 4 : 8)} << shift;
            if (shift == kLast) break;
        }
        return value;
    }
    void skip_extensions() noexcept {
        const std::uint64_t kinds = wide();
        std::uint64_t all = 0;
        for (unsigned i = 0; i < 64; ++i)
            if ((kinds >> i & 1U) != 0) all += std::min(wide(), std::uint64_t{1} << 40);
        skip(all);
    }

  private:
    ByteSpan bytes_;
    std::uint64_t at_ = 0;
};

using Choices = std::array<Bits::Choice, 4>;
constexpr Choices kUpsampling{{{0, 1}, {0, 2}, {0, 4}, {0, 8}}};
constexpr Choices kSize{{{8, 0}, {11, 256}, {14, 2304}, {30, 18688}}};
constexpr Choices kSection{{{10, 0}, {14, 1024}, {22, 17408}, {30, 4211712}}};
constexpr std::uint64_t kUsesLowFrame = 32;

enum Kind : std::uint32_t { kRegular, kLow, kReference, kSkip };
enum Blend : std::uint32_t { kReplace, kAdd, kBlend, kMulAdd, kMul };

struct Frame {
    Kind kind = kRegular;
    bool modular = false;
    std::uint64_t flags = 0;
    std::uint32_t upsampling = 1, group_shift = 1, passes = 1, low_level = 0;
    std::uint32_t shift_across = 0, shift_down = 0; ///< of subsampled colours
    std::uint64_t width = 0, height = 0;
    std::uint32_t duration = 0, saved_as = 0;
    bool partial = false, last = true;
    Blend blend = kReplace;

    [[nodiscard]] bool normal() const noexcept { return kind == kRegular || kind == kSkip; }
    [[nodiscard]] std::uint64_t pixels() const noexcept {
        return width > UINT64_MAX / std::max<std::uint64_t>(1, height) ? UINT64_MAX : width * height;
    }
    [[nodiscard]] bool is_kept() const noexcept {
        return !last && kind != kLow && (duration == 0 || saved_as != 0);
    }
};

std::uint64_t parts(std::uint64_t whole, std::uint64_t part) {
    return whole / part + (whole % part != 0 ? 1 : 0);
}

class FrameReader {
  public:
    FrameReader(ByteSpan bytes, const JxlBasicInfo &info) : bits_(bytes), info_(info) {}

    [[nodiscard]] Frame read();
    /// Bytes of the header, the table of sections and all of these; nothing where they are in another order.
    [[nodiscard]] std::optional<std::uint64_t> read_sections(const Frame &frame);
    [[nodiscard]] bool over() const noexcept { return bits_.over(); }

  private:
    void read_color(Frame &frame);
    void read_passes(Frame &frame);
    void read_place(Frame &frame);
    Blend read_blend(bool partial);
    void read_order(Frame &frame);
    void skip_filter(const Frame &frame);
    [[nodiscard]] bool converted() const noexcept { return info_.uses_original_profile == JXL_FALSE; }

    Bits bits_;
    const JxlBasicInfo &info_;
};

void FrameReader::read_color(Frame &frame) {
    const bool subsampled = !converted() && bits_.flag();
    const bool has_low = (frame.flags & kUsesLowFrame) != 0;
    if (subsampled && !has_low)
        for (int i = 0; i < 3; ++i) {
            const std::uint32_t kind = bits_.take(2); // 1: both ways, 2: across, 3: down
            if (kind == 1 || kind == 2) frame.shift_across = 1;
            if (kind == 1 || kind == 3) frame.shift_down = 1;
        }
    if (!has_low) {
        frame.upsampling = bits_.number(kUpsampling);
        for (std::uint32_t i = 0; i < info_.num_extra_channels; ++i) (void)bits_.number(kUpsampling);
    }
    if (frame.modular)
        frame.group_shift = bits_.take(2);
    else if (converted())
        bits_.skip(6);
}

void FrameReader::read_passes(Frame &frame) {
    frame.passes = bits_.number({{{0, 1}, {0, 2}, {0, 3}, {3, 4}}});
    if (frame.passes == 1) return;
    const std::uint32_t steps = bits_.number({{{0, 0}, {0, 1}, {0, 2}, {1, 3}}});
    bits_.skip(2 * std::uint64_t{frame.passes - 1});
    for (std::uint32_t i = 0; i < steps; ++i) (void)bits_.take(2);
    for (std::uint32_t i = 0; i < steps; ++i) (void)bits_.number({{{0, 0}, {0, 1}, {0, 2}, {3, 0}}});
}

void FrameReader::read_place(Frame &frame) {
    frame.width = info_.xsize;
    frame.height = info_.ysize;
    if (frame.kind == kLow || !bits_.flag()) return;
    std::int64_t x = 0, y = 0;
    const auto place = [](std::uint32_t packed) {
        return packed % 2 == 0 ? std::int64_t{packed / 2} : -std::int64_t{packed / 2} - 1;
    };
    if (frame.normal()) {
        x = place(bits_.number(kSize));
        y = place(bits_.number(kSize));
    }
    frame.width = bits_.number(kSize);
    frame.height = bits_.number(kSize);
    frame.partial = frame.normal() && (x > 0 || y > 0 || x + std::int64_t(frame.width) < info_.xsize ||
                                       y + std::int64_t(frame.height) < info_.ysize);
}

Blend FrameReader::read_blend(bool partial) {
    const auto blend = static_cast<Blend>(bits_.number({{{0, 0}, {0, 1}, {0, 2}, {2, 3}}}));
    const bool by_alpha = info_.num_extra_channels > 0 && (blend == kBlend || blend == kMulAdd);
    if (by_alpha) (void)bits_.number({{{0, 0}, {0, 1}, {0, 2}, {3, 3}}});
    if (by_alpha || blend == kMul) bits_.skip(1);
    if (blend != kReplace || partial) bits_.skip(2);
    return blend;
}

void FrameReader::read_order(Frame &frame) {
    frame.last = false;
    if (frame.normal()) {
        frame.blend = read_blend(frame.partial);
        for (std::uint32_t i = 0; i < info_.num_extra_channels; ++i) (void)read_blend(frame.partial);
        if (info_.have_animation != JXL_FALSE) {
            frame.duration = bits_.number({{{0, 0}, {0, 1}, {8, 0}, {32, 0}}});
            if (info_.animation.have_timecodes != JXL_FALSE) bits_.skip(32);
        }
        frame.last = bits_.flag();
    }
    if (frame.kind != kLow && !frame.last) frame.saved_as = bits_.take(2);
    const bool replaces = frame.is_kept() && frame.blend == kReplace && !frame.partial && frame.normal();
    if (replaces || frame.kind == kReference) bits_.skip(1);
}

void FrameReader::skip_filter(const Frame &frame) {
    constexpr std::uint64_t kReal = 16;
    if (bits_.flag()) return;
    if (bits_.flag() && bits_.flag()) bits_.skip(6 * kReal);
    if (bits_.take(2) != 0) {
        if (!frame.modular && bits_.flag()) bits_.skip(8 * kReal);
        if (bits_.flag()) bits_.skip(5 * kReal);
        if (bits_.flag()) bits_.skip((frame.modular ? 3 : 4) * kReal);
        if (frame.modular) bits_.skip(kReal);
    }
    bits_.skip_extensions();
}

Frame FrameReader::read() {
    Frame frame;
    frame.width = info_.xsize;
    frame.height = info_.ysize;
    if (bits_.flag()) return frame;
    frame.kind = static_cast<Kind>(bits_.take(2));
    frame.modular = bits_.flag();
    frame.flags = bits_.wide();
    read_color(frame);
    if (frame.kind != kReference) read_passes(frame);
    if (frame.kind == kLow) frame.low_level = 1 + bits_.take(2);
    read_place(frame);
    read_order(frame);
    const std::uint32_t name = bits_.number({{{0, 0}, {4, 0}, {5, 16}, {10, 48}}});
    bits_.skip(8 * std::uint64_t{name});
    skip_filter(frame);
    bits_.skip_extensions();
    if (frame.low_level != 0) {
        frame.width = parts(frame.width, std::uint64_t{1} << (3 * frame.low_level));
        frame.height = parts(frame.height, std::uint64_t{1} << (3 * frame.low_level));
    }
    return frame;
}

std::optional<std::uint64_t> FrameReader::read_sections(const Frame &frame) {
    constexpr std::uint64_t kBlock = 8, kGroup = 128;
    const std::uint64_t group = kGroup << frame.group_shift;
    const auto count = [&](std::uint64_t side, std::uint32_t shift, bool low) {
        const std::uint64_t small = parts(side, frame.upsampling);
        const std::uint64_t blocks = parts(small, kBlock << shift) << shift;
        return parts(low ? blocks : small, group);
    };
    const auto groups = [&](bool low) {
        return count(frame.width, frame.shift_across, low) * count(frame.height, frame.shift_down, low);
    };
    const bool single = groups(false) == 1 && frame.passes == 1;
    const std::uint64_t sections = single ? 1 : 2 + groups(true) + groups(false) * frame.passes;
    if (bits_.flag()) return std::nullopt;
    bits_.to_byte();
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < sections && !bits_.over(); ++i) bytes += bits_.number(kSection);
    return bits_.byte() + bytes;
}

/// What lies in memory as the frames are decoded.
class Tally {
  public:
    explicit Tally(const JxlBasicInfo &info) : channels_(3 + std::uint64_t{info.num_extra_channels}) {
        canvas_ = std::uint64_t{info.xsize} * info.ysize;
    }

    void add(const Frame &frame, JxlFrames &out) {
        // The samples of a frame, once more while they are transformed, and once as real numbers.
        constexpr std::uint64_t kCopies = 3, kMost = std::uint64_t{1} << 44;
        const std::uint64_t pixels = std::min(frame.pixels(), kMost);
        const std::uint64_t kept = std::accumulate(kept_.begin(), kept_.end(), std::uint64_t{0});
        out.samples = std::max(out.samples, (kCopies * pixels + kept) * channels_);
        out.pixels = std::min(out.pixels + pixels, 16 * kMost);
        if (frame.kind == kLow) kept_[kReferences + frame.low_level - 1] = pixels;
        if (frame.is_kept()) kept_[frame.saved_as] = std::max(pixels, frame.normal() ? canvas_ : 0);
    }

  private:
    static constexpr std::size_t kReferences = 4;

    std::uint64_t channels_, canvas_ = 0;
    std::array<std::uint64_t, 2 * kReferences> kept_{};
};

} // namespace

JxlFrames read_jxl_frames(ByteSpan bytes, const JxlBasicInfo &info) {
    JxlFrames out;
    Tally tally(info);
    for (;;) {
        FrameReader reader(bytes, info);
        const Frame frame = reader.read();
        if (reader.over()) break;
        if (out.shown == 0) tally.add(frame, out);
        if (frame.kind == kRegular && (frame.last || frame.duration > 0)) ++out.shown;
        if (frame.last) return out;
        const auto size = reader.read_sections(frame);
        if (!size && out.shown == 0)
            throw Error(ErrorCode::unsupported,
                        "this kind of JPEG XL is not supported: hidden frames with sections in another order",
                        {}, "convert it: djxl FILE picture.png");
        if (!size || *size > bytes.size()) break;
        bytes = bytes.subspan(static_cast<std::size_t>(*size));
    }
    out.whole = false;
    return out;
}

} // namespace mirra::image::detail
