#include "runtime/onednn/block.hpp"

#include "mirra/error.hpp"

namespace mirra::runtime::onednn {
namespace {

using Tag = dnnl::memory::format_tag;

constexpr std::int64_t kBytes[] = {sizeof(float), sizeof(Bf16)};

std::int64_t bytes_of(Type type) {
    return kBytes[static_cast<std::size_t>(type)];
}

} // namespace

Block Block::dense_of(const graph::Shape &shape, Type type) {
    Block block;
    block.shape_ = shape;
    block.type_ = type;
    block.pixel_ = shape[1];
    block.row_ = block.pixel_ * block.width();
    block.image_ = block.row_ * block.height();
    return block;
}

Block Block::make(const graph::Shape &shape, Type type) {
    Block block = dense_of(shape, type);
    const std::int64_t floats = (block.count() * bytes_of(type) + 3) / 4;
    const auto tensor =
        type == Type::f32 ? make_plain(shape, Layout::nhwc) : make_plain(graph::Shape{floats});
    block.data_ = tensor->values().data();
    block.memory_ = tensor;
    block.ours_ = true;
    return block;
}

Block Block::of(const TensorPtr &tensor) {
    const PlainTensor &values = plain(*tensor);
    const auto &shape = values.shape();
    Block block = dense_of(shape, Type::f32);
    block.memory_ = tensor;
    block.data_ = const_cast<float *>(values.values().data());
    if (values.layout() == Layout::nhwc || shape.size() == 2) return block;
    const bool same = shape[1] == 1 || shape[2] * shape[3] == 1;
    if (same) return block;
    Block copy = make(shape, Type::f32);
    reorder({{shape, dnnl::memory::data_type::f32, Tag::nchw}, processor(), block.data_}, copy.memory());
    return copy;
}

bool Block::dense() const {
    return pixel_ == channels() && row_ == width() * pixel_ && (image_ == height() * row_ || images() == 1);
}

Block Block::channel_range(std::int64_t begin, std::int64_t end) const {
    Block part = *this;
    part.shape_[1] = end - begin;
    part.data_ = static_cast<char *>(data_) + begin * bytes_of(type_);
    return part;
}

Block Block::window(std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) const {
    Block part = *this;
    part.shape_[2] = height;
    part.shape_[3] = width;
    part.data_ = static_cast<char *>(data_) + (top * row_ + left * pixel_) * bytes_of(type_);
    return part;
}

Block Block::copied(Type type) const {
    Block copy = make(shape_, type);
    reorder(memory(), copy.memory());
    return copy;
}

Block Block::as(Type type) const {
    return type == type_ && dense() ? *this : copied(type);
}

Block Block::own(Type type) const {
    return type == type_ && dense() && owned() ? *this : copied(type);
}

TensorPtr Block::tensor() const {
    const auto *values = dynamic_cast<const PlainTensor *>(memory_.get());
    const bool whole = type_ == Type::f32 && dense() && values != nullptr && values->shape() == shape_ &&
                       values->values().data() == data_ && values->layout() == Layout::nhwc;
    if (whole || (shape_.size() == 2 && type_ == Type::f32 && values != nullptr && values->shape() == shape_))
        return memory_;
    return copied(Type::f32).memory_;
}

dnnl::memory::desc Block::descriptor() const {
    const auto type = type_ == Type::f32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
    if (shape_.size() == 2) return {shape_, type, dnnl::memory::dims{image_, 1}};
    return {shape_, type, dnnl::memory::dims{image_, 1, row_, pixel_}};
}

dnnl::memory Block::memory() const {
    return {descriptor(), processor(), data_};
}

const dnnl::engine &processor() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

dnnl::stream &queue() {
    thread_local dnnl::stream stream(processor());
    return stream;
}

void execute(const dnnl::primitive &primitive, const std::unordered_map<int, dnnl::memory> &arguments) {
    primitive.execute(queue(), arguments);
    queue().wait();
}

void reorder(dnnl::memory from, dnnl::memory to) {
    execute(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

} // namespace mirra::runtime::onednn
