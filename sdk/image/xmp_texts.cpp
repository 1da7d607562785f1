// Texts of a PNG as XMP, and XMP in the two parts that a JPEG needs.
#include "mirra/forks.hpp"
#include "xmp.hpp"
#include "xmp_packet.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

namespace mirra::image::detail {
namespace {

constexpr std::string_view kDublinCore = "http://purl.org/dc/elements/1.1/";
constexpr std::string_view kNote = "http://ns.adobe.com/xmp/note/";

struct Place {
    std::string_view keyword;
    std::string_view property;
    std::string_view list;
};
constexpr std::array<Place, 4> kPlaces{Place{"Title", "title", "Alt"},
                                       {"Author", "creator", "Seq"},
                                       {"Description", "description", "Alt"},
                                       {"Copyright", "rights", "Alt"}};

/// "rdf:", as this packet writes it.
std::string rdf_prefix(const XmpPacket &packet) {
    const std::string_view name(packet.rdf().name());
    return std::string(name.substr(0, name.size() - XmpPacket::local_of(name).size()));
}

bool has(const XmpPacket &packet, std::string_view space, std::string_view local) {
    return static_cast<bool>(packet.tree.find_node([&](const pugi::xml_node &node) {
        return packet.is(node.name(), space, local) ||
               std::ranges::any_of(node.attributes(), [&](const pugi::xml_attribute &each) {
                   return packet.is(each.name(), space, local);
               });
    }));
}

/// A description of its own at the end of the packet.
pugi::xml_node add_description(XmpPacket &packet) {
    const std::string rdf = rdf_prefix(packet);
    pugi::xml_node about = packet.rdf().append_child((rdf + "Description").c_str());
    about.append_attribute((rdf + "about").c_str()).set_value("");
    return about;
}

void add_text(XmpPacket &packet, const Place &place, const std::string &text) {
    const std::string rdf = rdf_prefix(packet);
    pugi::xml_node about = add_description(packet);
    const std::string name = packet.declare(about, kDublinCore, "dc") + ":" + std::string(place.property);
    pugi::xml_node item = about.append_child(name.c_str())
                              .append_child((rdf + std::string(place.list)).c_str())
                              .append_child((rdf + "li").c_str());
    if (place.list == "Alt") item.append_attribute("xml:lang").set_value("x-default");
    item.text().set(text.c_str());
}

/// 32 hexadecimal digits of the MD5 sum, as the standard names an extension; empty where MD5 is not to be
/// had.
std::string guid_of(ByteSpan bytes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned size = 0;
    const ForkPause pause; // OpenSSL looks algorithms up under locks
    if (EVP_Digest(bytes.data(), bytes.size(), sum.data(), &size, EVP_md5(), nullptr) != 1) return {};
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += kDigits[sum[i] / 16];
        text += kDigits[sum[i] % 16];
    }
    return text;
}

struct Property {
    pugi::xml_node node;
    std::size_t size = 0;
};

/// The properties that are elements of their own, the largest first.
std::vector<Property> properties_by_size(const XmpPacket &packet) {
    struct Counter final : pugi::xml_writer {
        std::size_t size = 0;
        void write(const void *, std::size_t count) override { size += count; }
    };
    std::vector<Property> found;
    for (const pugi::xml_node &description : packet.rdf().children()) {
        for (const pugi::xml_node &property : description.children()) {
            if (property.type() != pugi::node_element) continue;
            Counter counter;
            property.print(counter, "", pugi::format_raw, pugi::encoding_utf8);
            found.push_back({property, counter.size});
        }
    }
    std::ranges::sort(found, std::greater(), &Property::size);
    return found;
}

} // namespace

std::vector<Text> add_texts_to_xmp(std::vector<std::byte> &xmp, const std::vector<Text> &texts) {
    std::vector<Text> others;
    std::optional<XmpPacket> packet;
    for (const Text &text : texts) {
        const auto place = std::ranges::find(kPlaces, text.keyword, &Place::keyword);
        if (place == kPlaces.end()) {
            others.push_back(text);
            continue;
        }
        if (!packet && !xmp.empty()) packet = XmpPacket::parse(xmp);
        if (!packet || !packet->rdf()) packet = XmpPacket::empty();
        if (!has(*packet, kDublinCore, place->property)) add_text(*packet, *place, text.text);
    }
    if (packet) xmp = packet->text();
    return others;
}

SplitXmp split_xmp(ByteSpan xmp, std::size_t limit) {
    if (xmp.size() <= limit) return {copy_of(xmp), {}, {}};
    constexpr std::size_t kReserve = 256; // for the note that names the extension
    auto main = XmpPacket::parse(xmp);
    XmpPacket rest = XmpPacket::empty();
    if (!main || !main->rdf()) return {};
    // An extension has no wrapper, and a packet needs no padding.
    while (main->tree.last_child() && main->tree.last_child().type() == pugi::node_pcdata)
        main->tree.remove_child(main->tree.last_child());
    pugi::xml_node target = rest.rdf().first_child();
    main->declare_all(target);
    std::size_t size = main->text().size();
    for (const Property &property : properties_by_size(*main)) {
        if (size + kReserve <= limit) break;
        target.append_copy(property.node);
        property.node.parent().remove_child(property.node);
        size -= std::min(size, property.size);
    }
    SplitXmp split;
    pugi::xml_document bare;
    bare.append_copy(rest.rdf().parent());
    rest.tree.reset(bare);
    split.extension = rest.text();
    split.guid = guid_of(split.extension);
    pugi::xml_node note = add_description(*main);
    const std::string name = main->declare(note, kNote, "xmpNote") + ":HasExtendedXMP";
    note.append_attribute(name.c_str()).set_value(split.guid.c_str());
    split.packet = main->text();
    if (split.packet.size() > limit || split.guid.empty()) return {};
    return split;
}

} // namespace mirra::image::detail
