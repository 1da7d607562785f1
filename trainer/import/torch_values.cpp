// Interprets the few torch calls that matter; everything else stays an opaque record.
#include "torch_values.hpp"

#include "mirra/error.hpp"
#include "mirra/printable.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace mirra::trainer::importer {
namespace {

using bundle::DType;

constexpr int kMaxNesting = 4;
constexpr std::size_t kMaxEntries = 1u << 18;
constexpr std::size_t kMaxName = 1024;      ///< bytes of a tensor's name
constexpr std::size_t kMaxKey = 256;        ///< bytes of a storage's key
constexpr std::size_t kMaxRank = 8;         ///< dimensions, as many as a bundle's tensors have
constexpr std::uint64_t kEntryBytes = 320;  ///< what an entry takes beside its name, roughly
constexpr std::uint64_t kTensorBytes = 640; ///< what a tensor takes beside

constexpr std::array kStorages{
    StorageType{"FloatStorage", 4, DType::f32},
    StorageType{"HalfStorage", 2, DType::f16},
    StorageType{"BFloat16Storage", 2, DType::bf16},
    StorageType{"DoubleStorage", 8, DType::f64},
    StorageType{"LongStorage", 8, DType::i64},
    StorageType{"IntStorage", 4, DType::i32},
    StorageType{"ShortStorage", 2, DType::i16},
    StorageType{"CharStorage", 1, DType::i8},
    StorageType{"ByteStorage", 1, DType::u8},
    StorageType{"BoolStorage", 1, DType::boolean},
    StorageType{"UntypedStorage", 1, DType::u8},
    StorageType{"ComplexFloatStorage", 8, {}},
    StorageType{"ComplexDoubleStorage", 16, {}},
    StorageType{"QUInt8Storage", 1, {}},
    StorageType{"QInt8Storage", 1, {}},
    StorageType{"QInt32Storage", 4, {}},
};

[[noreturn]] void corrupt(const std::string &file, const std::string &what) {
    throw Error(ErrorCode::corrupt, what, file, "copy or download the file again");
}

std::string shown(std::string_view text) {
    constexpr std::size_t kLength = 120;
    return printable(text.substr(0, kLength));
}

const std::vector<Ref> *sequence(const Pickle &pickle, Ref ref) {
    if (const auto *tuple = pickle.get<PickleTuple>(ref)) return &tuple->items;
    if (const auto *list = pickle.get<PickleList>(ref)) return &list->items;
    return nullptr;
}

/// "torch._utils._rebuild_tensor_v2", or empty if `ref` is not a name.
std::string global_name(const Pickle &pickle, Ref ref) {
    const auto *global = pickle.get<PickleGlobal>(ref);
    return global == nullptr ? std::string() : std::string(global->module) + "." + std::string(global->name);
}

std::optional<std::uint64_t> count(const Pickle &pickle, Ref ref) {
    const auto *value = pickle.get<std::int64_t>(ref);
    if (value == nullptr || *value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

/// A tuple of sizes, also inside torch.Size(...).
std::optional<graph::Shape> sizes(const Pickle &pickle, Ref ref) {
    if (const auto *object = pickle.get<PickleObject>(ref)) {
        const auto *arguments = sequence(pickle, object->arguments);
        if (global_name(pickle, object->callable) != "torch.Size" || arguments == nullptr ||
            arguments->size() != 1)
            return std::nullopt;
        ref = arguments->front();
    }
    const auto *items = sequence(pickle, ref);
    if (items == nullptr) return std::nullopt;
    graph::Shape out;
    for (const Ref item : *items) {
        const auto value = count(pickle, item);
        if (!value) return std::nullopt;
        out.push_back(static_cast<std::int64_t>(*value));
    }
    return out;
}

class Collector {
  public:
    Collector(const Pickle &pickle, std::shared_ptr<StorageReader> storages, const std::string &file,
              std::uint64_t file_bytes, Allowance &allowance)
        : pickle_(pickle)
        , file_(file)
        , allowance_(allowance)
        , shared_(std::make_shared<Shared>(
              Shared{std::move(storages), Allowance::for_values(file_bytes, file), file})) {}

    StateDict collect() {
        Ref root = pickle_.root;
        for (int level = 0; level < kMaxNesting; ++level) {
            const auto inner = training_entry(root);
            if (!inner) break;
            root = *inner;
        }
        const auto items = entries(root);
        if (!items) unsupported_root(root);
        add_entries(*items, "", 0);
        return std::move(result_);
    }

  private:
    using Items = std::vector<std::pair<Ref, Ref>>;

    /// What the tensors of a file read by.
    struct Shared {
        std::shared_ptr<StorageReader> storages;
        Allowance values;
        std::string file;
    };

    void count(std::size_t entries) {
        visited_ += entries;
        if (visited_ > kMaxEntries)
            throw Error(ErrorCode::limit, "the checkpoint has too many entries", file_,
                        "the file is damaged or hostile");
    }

    /// Key-value pairs of a dict or an OrderedDict (also of the old form that gets pairs as its argument).
    std::optional<Items> entries(Ref ref) {
        if (const auto *dict = pickle_.get<PickleDict>(ref)) return dict->items;
        const auto *object = pickle_.get<PickleObject>(ref);
        if (object == nullptr) return std::nullopt;
        const std::string name = global_name(pickle_, object->callable);
        if (name != "collections.OrderedDict" && name != "collections.defaultdict") return std::nullopt;
        Items items;
        const auto *arguments = sequence(pickle_, object->arguments);
        if (const auto *pairs =
                arguments && !arguments->empty() ? sequence(pickle_, arguments->front()) : nullptr)
            for (count(pairs->size()); const Ref pair : *pairs)
                if (const auto *both = sequence(pickle_, pair); both != nullptr && both->size() == 2)
                    items.emplace_back(both->front(), both->back());
        if (const auto *content = object->content.get())
            items.insert(items.end(), content->items.begin(), content->items.end());
        return items;
    }

    std::optional<Ref> training_entry(Ref ref) {
        const auto items = entries(ref);
        if (!items) return std::nullopt;
        for (const char *wanted : {"model", "state_dict"})
            for (const auto &[key, value] : *items)
                if (const auto *name = pickle_.get<PickleText>(key); name != nullptr && *name == wanted)
                    if (entries(value)) return value;
        return std::nullopt;
    }

    void add_entries(const Items &items, const std::string &prefix, int level) {
        count(items.size());
        for (const auto &[key, value] : items) {
            const auto *name = pickle_.get<PickleText>(key);
            if (name == nullptr) continue;
            if (prefix.size() + name->size() > kMaxName) corrupt(file_, "the name of a tensor is too long");
            const std::string full = prefix + std::string(*name);
            allowance_.take(kEntryBytes + full.size());
            const auto inner = level < kMaxNesting ? entries(value) : std::nullopt;
            if (inner)
                add_entries(*inner, full + ".", level + 1);
            else
                result_.insert_or_assign(full, describe(value));
        }
    }

    SourceTensor describe(Ref value) const {
        SourceTensor tensor;
        const auto *object = pickle_.get<PickleObject>(value);
        if (object == nullptr)
            tensor.problem = "is not a tensor";
        else
            rebuild(global_name(pickle_, object->callable), object->arguments, tensor, 0);
        return tensor;
    }

    /// What the call `function(*arguments)` would give, if it is one that makes tensors.
    void rebuild(const std::string &function, Ref arguments, SourceTensor &tensor, int level) const {
        const auto *items = sequence(pickle_, arguments);
        const bool tensor_call =
            function == "torch._utils._rebuild_tensor_v2" || function == "torch._utils._rebuild_tensor";
        const bool parameter_call = function == "torch._utils._rebuild_parameter" ||
                                    function == "torch._utils._rebuild_parameter_with_state";
        if (items != nullptr && tensor_call && items->size() >= 4) return dense(*items, tensor);
        if (items != nullptr && level < kMaxNesting) {
            if (parameter_call && !items->empty())
                if (const auto *data = pickle_.get<PickleObject>(items->front()))
                    return rebuild(global_name(pickle_, data->callable), data->arguments, tensor, level + 1);
            if (function == "torch._tensor._rebuild_from_type_v2" && items->size() >= 3)
                return rebuild(global_name(pickle_, (*items)[0]), (*items)[2], tensor, level + 1);
        }
        tensor.problem = "is not a tensor but an object made by '" +
                         shown(function.empty() ? "an unnamed function" : function) + "'";
    }

    void dense(const std::vector<Ref> &items, SourceTensor &tensor) const {
        const auto *persistent = pickle_.get<PicklePersistent>(items[0]);
        const auto offset = importer::count(pickle_, items[1]);
        if (const auto *extents = sequence(pickle_, items[2]);
            extents != nullptr && extents->size() > kMaxRank) {
            tensor.problem = "has " + std::to_string(extents->size()) + " dimensions";
            return;
        }
        const auto shape = sizes(pickle_, items[2]), strides = sizes(pickle_, items[3]);
        if (persistent == nullptr || !offset || !shape || !strides || shape->size() != strides->size()) {
            tensor.problem = "is a damaged tensor";
            return;
        }
        const StorageId storage = parse_storage_id(pickle_, persistent->id, file_);
        tensor.shape = *shape;
        if (!storage.type.dtype) {
            tensor.problem = "is a tensor of the unsupported type " + std::string(storage.type.name);
            return;
        }
        allowance_.take(kTensorBytes + file_.size());
        tensor.file = file_;
        tensor.dtype = *storage.type.dtype;
        const Layout layout{tensor.dtype, storage.offset + *offset, *shape, *strides};
        tensor.read = [storage, layout, shared = shared_] {
            const StorageBytes data = shared->storages->read(storage);
            return gather(data.bytes, layout, shared->file, shared->values);
        };
    }

    [[noreturn]] void unsupported_root(Ref root) const {
        std::string what = "something that is not a dictionary of tensors";
        if (const auto *object = pickle_.get<PickleObject>(root))
            what = "a whole pickled object of class '" + shown(global_name(pickle_, object->callable)) + "'";
        throw Error(ErrorCode::unsupported, "the file holds " + what + ", not a state dict", file_,
                    "save the network with torch.save(network.state_dict(), file), or as safetensors");
    }

    const Pickle &pickle_;
    const std::string &file_;
    Allowance &allowance_;
    std::shared_ptr<Shared> shared_;
    StateDict result_;
    std::size_t visited_ = 0;
};

constexpr std::uint64_t kSmall = 1u << 20;

/// Repeated elements (stride 0) let a few bytes claim any size, so only small tensors may outgrow their
/// storage.
std::uint64_t element_count(const Layout &layout, std::uint64_t available, const std::string &file) {
    const std::uint64_t most = std::max(available, kSmall);
    std::uint64_t elements = 1;
    for (const auto extent : layout.shape) {
        const auto size = static_cast<std::uint64_t>(extent);
        if (size == 0) return 0;
        if (size > most / elements)
            throw Error(ErrorCode::limit,
                        "a tensor of shape " + bundle::to_text(layout.shape) +
                            " is too large for its storage of " + std::to_string(available) + " elements",
                        file, "the file is damaged or hostile");
        elements *= size;
    }
    return elements;
}

void check_bounds(const Layout &layout, std::uint64_t available, const std::string &file) {
    const auto outside = [&] {
        throw Error(ErrorCode::corrupt,
                    "a tensor of shape " + bundle::to_text(layout.shape) + " reaches beyond its storage of " +
                        std::to_string(available) + " elements",
                    file, "copy or download the file again");
    };
    if (layout.offset >= available) outside();
    std::uint64_t room = available - 1 - layout.offset;
    for (std::size_t i = 0; i < layout.shape.size(); ++i) {
        const auto steps = static_cast<std::uint64_t>(layout.shape[i] - 1);
        const auto stride = static_cast<std::uint64_t>(layout.strides[i]);
        if (steps != 0 && stride > room / steps) outside();
        room -= steps * stride;
    }
}

} // namespace

bool is_storage_id(const Pickle &pickle, Ref id) {
    const auto *items = sequence(pickle, id);
    const auto *kind = items != nullptr && !items->empty() ? pickle.get<PickleText>(items->front()) : nullptr;
    return kind != nullptr && *kind == "storage";
}

StorageId parse_storage_id(const Pickle &pickle, Ref id, const std::string &file) {
    const auto *items = sequence(pickle, id);
    if (!is_storage_id(pickle, id) || items->size() < 5) corrupt(file, "a reference to a storage is damaged");
    const auto *global = pickle.get<PickleGlobal>((*items)[1]);
    const auto *key = pickle.get<PickleText>((*items)[2]);
    const auto elements = count(pickle, (*items)[4]);
    if (global == nullptr || key == nullptr || !elements || key->size() > kMaxKey)
        corrupt(file, "a reference to a storage is damaged");
    const auto type = std::ranges::find(kStorages, global->name, &StorageType::name);
    if (!global->module.starts_with("torch") || type == kStorages.end())
        throw Error(ErrorCode::unsupported,
                    "the file uses the unknown storage '" + shown(global_name(pickle, (*items)[1])) + "'",
                    file, "convert the weights to float32 first");
    StorageId storage{*type, std::string(*key), *elements, 0};
    const auto *view = items->size() > 5 ? sequence(pickle, (*items)[5]) : nullptr;
    if (view != nullptr) {
        const auto offset = view->size() == 3 ? count(pickle, (*view)[1]) : std::nullopt;
        if (!offset || *offset > *elements) corrupt(file, "a view of a storage is damaged");
        storage.offset = *offset;
    }
    return storage;
}

StateDict collect_state_dict(const Pickle &pickle, const std::shared_ptr<StorageReader> &storages,
                             const std::string &file, std::uint64_t file_bytes, Allowance &allowance) {
    return Collector(pickle, storages, file, file_bytes, allowance).collect();
}

std::vector<float> gather(std::span<const std::byte> storage, const Layout &layout, const std::string &file,
                          Allowance &allowance) {
    const std::size_t width = bundle::size_of(layout.dtype);
    const std::uint64_t available = storage.size() / width;
    const std::uint64_t elements = element_count(layout, available, file);
    if (elements == 0) return {};
    check_bounds(layout, available, file);
    allowance.take(elements * sizeof(float));
    std::vector<std::byte> dense(elements * width);
    graph::Shape index(layout.shape.size(), 0);
    std::uint64_t from = layout.offset;
    for (std::uint64_t i = 0; i < elements; ++i) {
        std::memcpy(dense.data() + i * width, storage.data() + from * width, width);
        for (std::size_t axis = index.size(); axis-- > 0;) {
            from += static_cast<std::uint64_t>(layout.strides[axis]);
            if (++index[axis] < layout.shape[axis]) break;
            from -=
                static_cast<std::uint64_t>(layout.strides[axis]) * static_cast<std::uint64_t>(index[axis]);
            index[axis] = 0;
        }
    }
    return bundle::to_float({layout.dtype, layout.shape, dense});
}

} // namespace mirra::trainer::importer
