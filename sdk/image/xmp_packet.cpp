// An XMP packet as a tree.
#include "xmp_packet.hpp"

#include <algorithm>

namespace mirra::image::detail {
namespace {

constexpr unsigned kParse = pugi::parse_full | pugi::parse_ws_pcdata | pugi::parse_fragment;
constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxPrefixes = 200;
constexpr std::size_t kMaxBytes = 16U << 20;
constexpr std::size_t kMaxTreeBytes = 32U << 20;
constexpr std::size_t kNodeBytes = 64;
constexpr std::size_t kAttributeBytes = 40;

constexpr std::string_view kEmpty =
    "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\"/></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";

struct VectorWriter final : pugi::xml_writer {
    std::vector<std::byte> out;
    void write(const void *data, std::size_t size) override {
        const auto *bytes = static_cast<const std::byte *>(data);
        out.insert(out.end(), bytes, bytes + size);
    }
};

/// pugixml removes a tree by recursion.
bool too_deep(const pugi::xml_node &root) {
    int depth = 0;
    for (pugi::xml_node node = root; node;) {
        if (node.first_child()) {
            node = node.first_child();
            if (++depth > kMaxDepth) return true;
            continue;
        }
        while (node && node != root && !node.next_sibling()) {
            node = node.parent();
            --depth;
        }
        if (!node || node == root) break;
        node = node.next_sibling();
    }
    return false;
}

std::size_t tree_bytes(std::string_view text) {
    const auto elements = static_cast<std::size_t>(std::ranges::count(text, '<'));
    const auto attributes = static_cast<std::size_t>(std::ranges::count(text, '='));
    return 2 * elements * kNodeBytes + attributes * kAttributeBytes; // each is followed by text
}

} // namespace

std::optional<XmpPacket> XmpPacket::parse(ByteSpan bytes) {
    // Some writers end it with NULs.
    while (!bytes.empty() && bytes.back() == std::byte{0}) bytes = bytes.first(bytes.size() - 1);
    if (bytes.size() > kMaxBytes || tree_bytes(as_text(bytes)) > kMaxTreeBytes) return std::nullopt;
    std::optional<XmpPacket> packet(std::in_place);
    const auto result = packet->tree.load_buffer(bytes.data(), bytes.size(), kParse);
    if (result.status == pugi::status_out_of_memory) throw std::bad_alloc();
    if (!result || too_deep(packet->tree)) return std::nullopt;
    if (!packet->collect_namespaces()) return std::nullopt;
    return packet;
}

XmpPacket XmpPacket::empty() {
    return std::move(*parse(as_bytes(kEmpty)));
}

std::vector<std::byte> XmpPacket::text() const {
    VectorWriter writer;
    tree.save(writer, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    return std::move(writer.out);
}

bool XmpPacket::collect_namespaces() {
    std::vector<pugi::xml_node> waiting{tree};
    while (!waiting.empty()) {
        const pugi::xml_node node = waiting.back();
        waiting.pop_back();
        for (const pugi::xml_attribute &each : node.attributes()) {
            const std::string_view name(each.name());
            if (!name.starts_with("xmlns")) continue;
            auto &spaces = spaces_[name == "xmlns" ? std::string() : std::string(name.substr(6))];
            if (spaces_.size() > kMaxPrefixes) return false;
            const std::string space(each.value());
            if (spaces.size() < 4 && std::ranges::find(spaces, space) == spaces.end())
                spaces.push_back(space);
        }
        for (const pugi::xml_node &child : node.children()) waiting.push_back(child);
    }
    return true;
}

const std::vector<std::string> &XmpPacket::spaces_of(std::string_view name) const {
    static const std::vector<std::string> kNone;
    const std::size_t colon = name.find(':');
    const auto found = spaces_.find(colon == name.npos ? std::string() : std::string(name.substr(0, colon)));
    return found == spaces_.end() ? kNone : found->second;
}

std::string_view XmpPacket::local_of(std::string_view name) {
    const std::size_t colon = name.find(':');
    return colon == name.npos ? name : name.substr(colon + 1);
}

bool XmpPacket::is(std::string_view name, std::string_view space, std::string_view local) const {
    if (local_of(name) != local) return false;
    const auto &spaces = spaces_of(name);
    return std::ranges::find(spaces, space) != spaces.end();
}

pugi::xml_node XmpPacket::rdf() const {
    return tree.find_node([this](const pugi::xml_node &node) { return is(node.name(), kRdf, "RDF"); });
}

std::string XmpPacket::declare(pugi::xml_node node, std::string_view space, std::string_view prefix) {
    std::string name(prefix);
    // A prefix that means something else here gets a letter more.
    while (spaces_.contains(name) && spaces_[name] != std::vector{std::string(space)}) name += 'm';
    const std::string attribute = "xmlns:" + name;
    if (!node.attribute(attribute.c_str()))
        node.append_attribute(attribute.c_str()).set_value(std::string(space).c_str());
    spaces_[name] = {std::string(space)};
    return name;
}

void XmpPacket::declare_all(pugi::xml_node node) const {
    for (const auto &[prefix, spaces] : spaces_) {
        const std::string name = prefix.empty() ? "xmlns" : "xmlns:" + prefix;
        if (!node.attribute(name.c_str())) node.append_attribute(name.c_str()).set_value(spaces[0].c_str());
    }
}

} // namespace mirra::image::detail
