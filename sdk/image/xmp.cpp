// XMP kept true: properties are taken out or set by namespace and name; all else stays as it was written.
#include "xmp.hpp"

#include "notes.hpp"
#include "xmp_packet.hpp"

#include <algorithm>
#include <array>

namespace mirra::image::detail {
namespace {

constexpr std::string_view kTiff = "http://ns.adobe.com/tiff/1.0/";
constexpr std::string_view kExif = "http://ns.adobe.com/exif/1.0/";
constexpr std::string_view kXmp = "http://ns.adobe.com/xap/1.0/";
constexpr std::string_view kNote = "http://ns.adobe.com/xmp/note/";

/// Namespaces that speak of nothing but pictures, maps and sounds behind or inside of the file.
constexpr std::array<std::string_view, 8> kSecondParts{
    "http://ns.adobe.com/hdr-gain-map/",         "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/image/",    "http://ns.google.com/photos/1.0/audio/",
    "http://ns.google.com/photos/1.0/depthmap/", "http://ns.google.com/photos/dd/1.0/",
    "http://ns.apple.com/HDRGainMap/",           "http://ns.apple.com/pixeldatainfo/"};
/// The same, among other properties of a camera's namespace.
constexpr std::array<std::string_view, 4> kVideoProperties{"MotionPhoto", "MicroVideo", "OLivePhoto",
                                                           "VideoLength"};
/// What counts in places of the picture as it was stored.
constexpr std::array<std::string_view, 3> kPlaces{"http://www.metadataworkinggroup.com/schemas/regions/",
                                                  "http://ns.microsoft.com/photo/1.2/",
                                                  "http://ns.apple.com/faceinfo/"};
constexpr std::string_view kIptcExtension = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";

bool begins_with_one_of(std::string_view text, std::span<const std::string_view> beginnings) {
    return std::ranges::any_of(beginnings, [text](std::string_view each) { return text.starts_with(each); });
}

bool in_one_of(const XmpPacket &packet, std::string_view name, std::span<const std::string_view> spaces) {
    return std::ranges::any_of(packet.spaces_of(name),
                               [&](std::string_view space) { return begins_with_one_of(space, spaces); });
}

bool announces_video(const XmpPacket &packet, std::string_view name) {
    const auto of_camera = [](std::string_view space) { return space.ends_with("/camera/"); };
    return begins_with_one_of(XmpPacket::local_of(name), kVideoProperties) &&
           std::ranges::any_of(packet.spaces_of(name), of_camera);
}

/// Takes out declarations of namespaces of which nothing is left.
void forget(XmpPacket &packet, std::span<const std::string_view> spaces) {
    std::vector<pugi::xml_node> waiting{packet.tree};
    while (!waiting.empty()) {
        pugi::xml_node node = waiting.back();
        waiting.pop_back();
        for (pugi::xml_attribute each = node.first_attribute(); each;) {
            const pugi::xml_attribute next = each.next_attribute();
            const bool declares = std::string_view(each.name()).starts_with("xmlns:");
            if (declares && begins_with_one_of(each.value(), spaces)) node.remove_attribute(each);
            each = next;
        }
        for (const pugi::xml_node &child : node.children()) waiting.push_back(child);
    }
}

std::optional<XmpPacket> open(std::vector<std::byte> &xmp, std::vector<std::string> *notes) {
    if (xmp.empty()) return std::nullopt;
    auto packet = XmpPacket::parse(xmp);
    if (packet) return packet;
    add_note(notes, "XMP that is damaged or too large was left out.");
    xmp.clear();
    return std::nullopt;
}

/// Sets a property that has a plain value.
bool set(pugi::xml_node node, pugi::xml_attribute attribute, const std::string &value) {
    if (attribute) {
        if (value == attribute.value()) return false;
        attribute.set_value(value.c_str());
    } else {
        if (value == node.text().get()) return false;
        node.text().set(value.c_str());
    }
    return true;
}

std::string name_of(pugi::xml_node node, pugi::xml_attribute attribute) {
    return attribute ? attribute.name() : node.name();
}

} // namespace

std::vector<std::byte> merge_xmp(ByteSpan packet, ByteSpan extension) {
    auto main = XmpPacket::parse(packet);
    auto rest = XmpPacket::parse(extension);
    if (!main || !rest || !main->rdf() || !rest->rdf()) return copy_of(packet);
    for (pugi::xml_node child : rest->rdf().children()) {
        if (child.type() != pugi::node_element) continue;
        pugi::xml_node moved = main->rdf().append_copy(child);
        rest->declare_all(moved);
    }
    return main->text();
}

void strip_xmp(std::vector<std::byte> &xmp, std::vector<std::string> &notes) {
    auto packet = open(xmp, &notes);
    if (!packet) return;
    bool second = false;
    bool video = false;
    const bool changed = packet->remove_if([&](pugi::xml_node node, pugi::xml_attribute attribute) {
        const std::string name = name_of(node, attribute);
        const bool here = in_one_of(*packet, name, kSecondParts);
        const bool moves = announces_video(*packet, name);
        second = second || here;
        video = video || moves;
        return here || moves || packet->is(name, kXmp, "Thumbnails") ||
               packet->is(name, kNote, "HasExtendedXMP");
    });
    if (!changed) return;
    forget(*packet, kSecondParts);
    xmp = packet->text();
    if (video) add_note(notes, "The video of a motion photo was left out.");
    if (second && !video)
        add_note(notes, "A second picture of the file (such as a gain map or a depth map) was left out.");
}

void turn_xmp(std::vector<std::byte> &xmp, std::vector<std::string> &notes) {
    auto packet = open(xmp, &notes);
    if (!packet) return;
    bool turned = false;
    const bool removed = packet->remove_if([&](pugi::xml_node node, pugi::xml_attribute attribute) {
        const std::string name = name_of(node, attribute);
        if (packet->is(name, kTiff, "Orientation")) turned = set(node, attribute, "1") || turned;
        return in_one_of(*packet, name, kPlaces) || packet->is(name, kIptcExtension, "ImageRegion");
    });
    if (removed) add_note(notes, "Marked regions (XMP) were left out, because the picture was turned.");
    if (removed || turned) xmp = packet->text();
}

void size_xmp(std::vector<std::byte> &xmp, std::int32_t width, std::int32_t height) {
    auto packet = open(xmp, nullptr);
    if (!packet) return;
    const std::string across = std::to_string(width);
    const std::string down = std::to_string(height);
    bool changed = false;
    packet->remove_if([&](pugi::xml_node node, pugi::xml_attribute attribute) {
        const std::string name = name_of(node, attribute);
        if (packet->is(name, kTiff, "ImageWidth") || packet->is(name, kExif, "PixelXDimension"))
            changed = set(node, attribute, across) || changed;
        if (packet->is(name, kTiff, "ImageLength") || packet->is(name, kExif, "PixelYDimension"))
            changed = set(node, attribute, down) || changed;
        return false;
    });
    if (changed) xmp = packet->text();
}

} // namespace mirra::image::detail
