// New names for what a set of libraries defines, the same in each of them, so that they bind to each other
// and to nothing else in the process.
#pragma once

#include "runtime/libtorch/dynamic_names.hpp"

#include <set>
#include <string>
#include <unordered_map>

namespace mirra::libtorch {

/// A changed name has the length and the GNU hash of the old one: of two neighbouring characters the first is
/// one less and the second 33 more, since that hash is h * 33 + character. So no hash table has to be built
/// anew.
enum class Change : std::uint8_t {
    tail, ///< of the last two characters: names that share their end in the table change alike
    head, ///< of the first two, where the end is shared with a name that stays
    none,
};

[[nodiscard]] std::string changed(std::string name, Change change);
/// Of a library's file: "libc10.so" becomes "mirc10.so".
[[nodiscard]] std::string private_file_name(std::string_view name);

class PrivateNames {
  public:
    explicit PrivateNames(const std::vector<DynamicNames> &libraries);

    /// Changes the names in one of the libraries, or in one that is linked against them.
    /// @throws Error unsupported (a name cannot be changed there)
    void apply(DynamicNames &library) const;
    /// What the libraries' users must ask for. @throws Error unsupported (it kept its name)
    [[nodiscard]] std::string at(const std::string &name) const;

  private:
    struct Entry;
    [[nodiscard]] std::vector<Entry> entries(const DynamicNames &library) const;
    [[nodiscard]] bool settle(const DynamicNames &library);

    std::unordered_map<std::string, Change> changes_;
    std::set<std::string, std::less<>> files_;
};

} // namespace mirra::libtorch
