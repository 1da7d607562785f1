// Writes small torch.save files, byte by byte as PyTorch does, for tests without PyTorch.
#pragma once

#include "mirra/bundle.hpp"

#include <zip.h>

#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mirra::test {

/// Emits the protocol 2 opcodes that torch.save uses.
class PickleWriter {
  public:
    PickleWriter() { raw("\x80\x02"); }

    PickleWriter &raw(std::string_view bytes) {
        text_ += bytes;
        return *this;
    }
    PickleWriter &global(const std::string &module, const std::string &name) {
        return raw("c" + module + "\n" + name + "\n");
    }
    PickleWriter &text(const std::string &value) { return raw("X" + little(value.size(), 4) + value); }
    PickleWriter &integer(std::int64_t value) {
        return raw("\x8a\x08" + little(static_cast<std::uint64_t>(value), 8));
    }
    PickleWriter &sizes(const graph::Shape &shape) {
        raw("(");
        for (const auto extent : shape) integer(extent);
        return raw("t");
    }
    PickleWriter &ordered_dict() { return global("collections", "OrderedDict").raw(")R"); }
    PickleWriter &storage(const std::string &type, const std::string &key, std::int64_t elements,
                          bool legacy = false) {
        raw("(").text("storage").global("torch", type).text(key).text("cpu").integer(elements);
        return raw(legacy ? "NtQ" : "tQ");
    }
    [[nodiscard]] std::string finish() const { return text_ + "."; }
    /// Without the protocol and the end, to go into another pickle.
    [[nodiscard]] std::string part() const { return text_.substr(2); }

    static std::string little(std::uint64_t value, int width) {
        std::string out;
        for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
        return out;
    }

  private:
    std::string text_;
};

/// A tensor to be written: its storage, and how it lies in it.
struct TorchTensor {
    std::string storage_type = "FloatStorage";
    std::string storage;
    std::int64_t storage_elements = 0;
    std::int64_t offset = 0;
    graph::Shape shape, strides;
};

inline graph::Shape dense_strides(const graph::Shape &shape) {
    graph::Shape strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    return strides;
}

inline TorchTensor float_tensor(const graph::Shape &shape, const std::vector<float> &values) {
    TorchTensor tensor;
    tensor.storage.assign(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
    tensor.storage_elements = static_cast<std::int64_t>(values.size());
    tensor.shape = shape;
    tensor.strides = dense_strides(shape);
    return tensor;
}

using TorchState = std::vector<std::pair<std::string, TorchTensor>>;

inline void write_state(PickleWriter &p, const TorchState &state, bool legacy) {
    p.ordered_dict().raw("(");
    int key = 0;
    for (const auto &[name, tensor] : state) {
        p.text(name).global("torch._utils", "_rebuild_tensor_v2").raw("(");
        p.storage(tensor.storage_type, std::to_string(key++), tensor.storage_elements, legacy);
        p.integer(tensor.offset)
            .sizes(tensor.shape)
            .sizes(tensor.strides)
            .raw("\x89")
            .ordered_dict()
            .raw("tR");
    }
    p.raw("u");
}

/// {"model": state, "epoch": 3, "optimizer": <an opaque object>}
inline std::string training_pickle(const TorchState &state, bool legacy) {
    PickleWriter p;
    p.raw("}(").text("epoch").integer(3).text("model");
    write_state(p, state, legacy);
    p.text("optimizer").global("some.module", "Optimizer").raw(")\x81}b").raw("u");
    return p.finish();
}

using Entries = std::map<std::string, std::string>;

inline void write_zip(const std::string &path, const Entries &entries, bool compressed = false) {
    zip_t *zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    if (zip == nullptr) throw std::runtime_error("cannot create " + path);
    for (const auto &[name, data] : entries) {
        zip_source_t *source = zip_source_buffer(zip, data.data(), data.size(), 0);
        const auto index = static_cast<zip_uint64_t>(zip_file_add(zip, name.c_str(), source, 0));
        zip_set_file_compression(zip, index, compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    if (zip_close(zip) != 0) throw std::runtime_error("cannot write " + path);
}

inline Entries zip_entries(const TorchState &state, const std::string &pickle) {
    Entries entries{{"net/data.pkl", pickle}, {"net/version", "3\n"}, {"net/byteorder", "little"}};
    int key = 0;
    for (const auto &[name, tensor] : state) entries["net/data/" + std::to_string(key++)] = tensor.storage;
    return entries;
}

inline void write_torch_zip(const std::string &path, const TorchState &state) {
    write_zip(path, zip_entries(state, training_pickle(state, false)));
}

inline std::string torch_legacy(const TorchState &state) {
    using namespace std::string_literals;
    std::string out = PickleWriter().raw("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19").finish();
    out += PickleWriter().integer(1001).finish();
    out += PickleWriter()
               .raw("}(")
               .text("little_endian")
               .raw("\x88")
               .text("protocol_version")
               .integer(1001)
               .raw("u")
               .finish();
    out += training_pickle(state, true);
    PickleWriter keys;
    keys.raw("](");
    for (std::size_t i = 0; i < state.size(); ++i) keys.text(std::to_string(i));
    out += keys.raw("e").finish();
    for (const auto &[name, tensor] : state)
        out += PickleWriter::little(static_cast<std::uint64_t>(tensor.storage_elements), 8) + tensor.storage;
    return out;
}

inline void write_bytes(const std::string &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string read_bytes(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace mirra::test
