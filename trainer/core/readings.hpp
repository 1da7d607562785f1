// What the steps of a training measured: a value a column. Values on a GPU are read many steps at once, for
// to read one is to wait for all the work that stands before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace at {
class Tensor;
}

namespace mirra::trainer {

/// A row a step, in the order of the steps. One thread.
class Readings {
  public:
    explicit Readings(std::vector<std::string> columns);
    Readings(const Readings &) = delete;
    Readings &operator=(const Readings &) = delete;
    ~Readings();

    /// The row of a step begins; what it does not set is NaN. @param step  from 0
    void begin(std::int64_t step);
    void set(const std::string &column, double value);
    /// @param value  of one element; is not waited for
    void set(const std::string &column, const at::Tensor &value);
    /// Ends the training when the row is read, unless the value is finite. A step that makes use of the value
    /// must itself see to it that one that is not finite does no harm.
    /// @param what  for the message: "the gradient"
    /// @param rate  key of the learning rate
    void require_finite(const at::Tensor &value, const std::string &what, const std::string &rate);

    /// What the function returns, which waits for pictures.
    template<class Function> auto waiting(const Function &function) {
        const auto begin = std::chrono::steady_clock::now();
        auto out = function();
        waited_ += std::chrono::steady_clock::now() - begin;
        return out;
    }
    /// Pictures that the step learns from, in all processes.
    void pictures(std::int64_t count) { pictures_ += count; }

    [[nodiscard]] const std::vector<std::string> &columns() const { return columns_; }
    [[nodiscard]] std::int64_t rows() const;
    /// Whether to read the rows is to wait for a GPU.
    [[nodiscard]] bool must_wait() const;
    /// The rows since the last call. @throws Error internal (see require_finite())
    std::vector<std::vector<double>> take();

    /// Since the last call: how long steps waited for pictures, and how many they had.
    struct Supply {
        std::chrono::duration<double> waited{0};
        std::int64_t pictures = 0;
    };
    Supply take_supply();

  private:
    struct Row;
    [[nodiscard]] std::size_t place_of(const std::string &column) const;

    std::vector<std::string> columns_;
    std::vector<Row> rows_;
    std::chrono::duration<double> waited_{0};
    std::int64_t pictures_ = 0;
};

} // namespace mirra::trainer
