// The pictures that an anomaly detector is measured on, normal and anomalous.
#pragma once

#include "data/class_set.hpp"
#include "eval/float_picture.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

class AnomalySet {
  public:
    /// One class is normal, the others are not.
    /// @param count  pictures, half of them normal, the others evenly from the other classes, each class's
    /// spaced over its pictures; fewer where a class has fewer; 0: all
    static AnomalySet one_class(std::shared_ptr<ClassSet> pictures, std::int32_t normal, std::int64_t count);
    /// @param count  at most so many of either; 0: all
    static AnomalySet good_and_bad(std::shared_ptr<ClassSet> good, std::shared_ptr<ClassSet> bad,
                                   std::int64_t count);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool anomalous(std::size_t index) const { return entries_[index].anomalous; }
    /// The class, or the last name of the file.
    [[nodiscard]] const std::string &label(std::size_t index) const { return entries_[index].label; }
    /// Tells the picture from all others of the same data, however many of them are measured.
    [[nodiscard]] const std::string &key(std::size_t index) const { return entries_[index].key; }
    /// Resized as in training; nothing for one that cannot be read.
    [[nodiscard]] std::optional<FloatPicture> get(std::size_t index, std::int64_t extent) const;
    [[nodiscard]] std::uint64_t fingerprint() const;

  private:
    struct Entry {
        ClassSet *set = nullptr;
        std::int64_t index = 0;
        bool anomalous = false;
        std::string label, key;
    };
    std::vector<std::shared_ptr<ClassSet>> sets_;
    std::vector<Entry> entries_;
};

} // namespace mirra::trainer
