// An XMP packet as a tree whose names are known by their namespaces.
#pragma once

#include "bytes.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <pugixml.hpp>

namespace mirra::image::detail {

constexpr std::string_view kRdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

class XmpPacket {
  public:
    /// Nothing where the bytes are no XMP, or would take too much memory as a tree.
    [[nodiscard]] static std::optional<XmpPacket> parse(ByteSpan bytes);
    /// One without properties.
    [[nodiscard]] static XmpPacket empty();

    [[nodiscard]] std::vector<std::byte> text() const;

    /// A name as "{namespace}local" for every namespace that its prefix has in the packet.
    [[nodiscard]] bool is(std::string_view name, std::string_view space, std::string_view local) const;
    [[nodiscard]] const std::vector<std::string> &spaces_of(std::string_view name) const;
    [[nodiscard]] static std::string_view local_of(std::string_view name);

    /// The element that holds all descriptions; null where there is none.
    [[nodiscard]] pugi::xml_node rdf() const;
    /// Declares a namespace on `node`. @return its prefix
    std::string declare(pugi::xml_node node, std::string_view space, std::string_view prefix);
    /// Declares on `node` every namespace of the packet.
    void declare_all(pugi::xml_node node) const;

    /// Calls visit(node) for each element and visit(node, attribute) for each attribute that declares no
    /// namespace. What a visit returns true for is taken out.
    template<class Visit> bool remove_if(Visit visit);

    pugi::xml_document tree;

  private:
    [[nodiscard]] bool collect_namespaces();

    std::unordered_map<std::string, std::vector<std::string>> spaces_; ///< by prefix
};

template<class Visit> bool XmpPacket::remove_if(Visit visit) {
    std::vector<pugi::xml_node> waiting{tree};
    std::vector<pugi::xml_node> gone;
    bool changed = false;
    while (!waiting.empty()) {
        const pugi::xml_node node = waiting.back();
        waiting.pop_back();
        for (pugi::xml_node child : node.children()) {
            if (child.type() != pugi::node_element) continue;
            if (visit(child, pugi::xml_attribute())) {
                gone.push_back(child);
                continue;
            }
            waiting.push_back(child);
            for (pugi::xml_attribute each = child.first_attribute(); each;) {
                const pugi::xml_attribute next = each.next_attribute();
                const bool declares = std::string_view(each.name()).starts_with("xmlns");
                if (!declares && visit(child, each)) changed = child.remove_attribute(each) || changed;
                each = next;
            }
        }
    }
    for (pugi::xml_node each : gone) changed = each.parent().remove_child(each) || changed;
    return changed;
}

} // namespace mirra::image::detail
