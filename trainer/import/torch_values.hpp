// Tensors, storages and dictionaries as torch.save describes them in a pickle.
#pragma once

#include "mirra/bundle.hpp"
#include "pickle.hpp"
#include "state_dict.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer::importer {

/// The element type behind a class like torch.FloatStorage.
struct StorageType {
    std::string_view name;
    std::size_t width = 0;
    std::optional<bundle::DType> dtype; ///< absent: not a type of weights (complex, quantised)
};

/// A storage as a persistent id names it.
struct StorageId {
    StorageType type;
    std::string key;
    std::uint64_t elements = 0; ///< of the whole storage
    std::uint64_t offset = 0;   ///< where a view of it begins, in elements (format before 1.6)
};

/// Bytes of a storage, and what keeps them.
struct StorageBytes {
    std::shared_ptr<const void> owner;
    std::span<const std::byte> bytes;
};

/// The storages of one file. Shared by all of its tensors; not thread-safe.
class StorageReader {
  public:
    virtual ~StorageReader() = default;
    /// @throws Error corrupt | io | limit
    virtual StorageBytes read(const StorageId &storage) = 0;
};

/// Whether a persistent id names a storage; old files have some that name the source code of a class.
[[nodiscard]] bool is_storage_id(const Pickle &pickle, Ref id);

/// @throws Error corrupt | unsupported (an unknown type of storage)
StorageId parse_storage_id(const Pickle &pickle, Ref id, const std::string &file);

/// The state dict in a pickle.
/// @param allowance  of the pickle    @param file_bytes  size of the whole file, which bounds its tensors'
/// values
/// @throws Error unsupported if the pickle holds something else, for example a whole module
StateDict collect_state_dict(const Pickle &pickle, const std::shared_ptr<StorageReader> &storages,
                             const std::string &file, std::uint64_t file_bytes, Allowance &allowance);

struct Layout {
    bundle::DType dtype = bundle::DType::f32;
    std::uint64_t offset = 0; ///< elements
    graph::Shape shape;       ///< none is negative
    graph::Shape strides;     ///< elements, none is negative
};

/// The values in row-major order. @param allowance  what they may take
/// @throws Error corrupt if the tensor reaches beyond its storage | limit | unsupported (integers)
std::vector<float> gather(std::span<const std::byte> storage, const Layout &layout, const std::string &file,
                          Allowance &allowance);

} // namespace mirra::trainer::importer
