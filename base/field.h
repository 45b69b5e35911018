#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/quantity.h"

/// The record of a key, and the types that a member may have. See fields.h.
namespace stagecraft {

template <class T>
struct Fields;

/// Names of an enumeration's values: `static constexpr std::array all{EnumName<E>{E::Full, "full"}, ...};`
template <class E>
struct EnumNames;
template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

/// One value for all, or a list with one for each. In YAML `5 ms` or `[5 ms, 6 ms]`.
template <class T>
struct OneOrMany {
  std::vector<T> values;
  bool is_list = false;  ///< false: at most one value, which stands for all

  OneOrMany() = default;
  OneOrMany(T one) : values{std::move(one)} {}  // NOLINT(google-explicit-constructor): a value for all
  explicit OneOrMany(std::vector<T> many) : values(std::move(many)), is_list(true) {}

  bool empty() const { return values.empty(); }
  /// The value of entry `index`. REQUIRES: not empty; a list has the entry.
  const T& at(std::size_t index) const { return is_list ? values.at(index) : values.at(0); }
  /// True where there is a value for each of `count` entries.
  bool covers(std::size_t count) const { return is_list ? values.size() == count : !values.empty(); }
  bool operator==(const OneOrMany&) const = default;
};

namespace detail {

template <class T, template <class...> class Wrapper>
inline constexpr bool kIs = false;
template <template <class...> class Wrapper, class... Args>
inline constexpr bool kIs<Wrapper<Args...>, Wrapper> = true;

template <class T>
struct LeafOf {
  using type = T;
};
template <class T>
struct LeafOf<std::optional<T>> : LeafOf<T> {};
template <class T>
struct LeafOf<std::vector<T>> : LeafOf<T> {};
template <class T>
struct LeafOf<OneOrMany<T>> : LeafOf<T> {};

template <class T>
concept HasFields = requires {
  Fields<T>::all;
};
template <class T>
concept Quantity = std::same_as<T, Duration> || std::same_as<T, Bytes> || std::same_as<T, ByteRate> ||
    std::same_as<T, Flops> || std::same_as<T, FlopRate>;
template <class T>
concept Integer = std::same_as<T, std::int64_t> || std::same_as<T, int>;
template <class T>
concept Bounded = Integer<T> || std::same_as<T, double> || Quantity<T>;

template <Bounded T>
struct Limits {
  std::optional<T> min;
  std::optional<T> max;
  bool above_zero = std::same_as<T, ByteRate> || std::same_as<T, FlopRate>;

  bool holds(const T& value) const {
    return !(min && value < *min) && !(max && value > *max) && !(above_zero && !(value > T{}));
  }
};
struct NoLimits {};
template <class T>
struct LimitsOf {
  using type = NoLimits;
};
template <Bounded T>
struct LimitsOf<T> {
  using type = Limits<T>;
};

}  // namespace detail

/// Names that a text may have, from a registry.
using NameList = std::vector<std::string_view> (*)();

/// The record of one key. Bounds, names and the example are those of the value itself, or of each entry where
/// it is a list.
template <class Owner, class Member>
struct Field {
  using Leaf = typename detail::LeafOf<Member>::type;

  std::string_view key;
  Member Owner::*member;
  std::string_view help;
  typename detail::LimitsOf<Leaf>::type limits{};
  NameList names = nullptr;
  std::string_view example_text{};
  bool is_required = false;

  constexpr Field min(Leaf value) const requires detail::Bounded<Leaf> {
    Field copy = *this;
    copy.limits.min = value;
    return copy;
  }
  constexpr Field max(Leaf value) const requires detail::Bounded<Leaf> {
    Field copy = *this;
    copy.limits.max = value;
    return copy;
  }
  /// More than 0. Rates (ByteRate, FlopRate) always are.
  constexpr Field positive() const requires detail::Bounded<Leaf> {
    Field copy = *this;
    copy.limits.above_zero = true;
    return copy;
  }
  /// Only these texts, with "did you mean".
  constexpr Field one_of(NameList list) const requires std::same_as<Leaf, std::string> {
    Field copy = *this;
    copy.names = list;
    return copy;
  }
  /// A value as it is written in YAML, for the schema and `explain`.
  constexpr Field example(std::string_view yaml) const {
    Field copy = *this;
    copy.example_text = yaml;
    return copy;
  }
  constexpr Field required() const {
    Field copy = *this;
    copy.is_required = true;
    return copy;
  }
};

template <class Owner, class Member>
constexpr Field<Owner, Member> field(std::string_view key, Member Owner::*member, std::string_view help) {
  return {.key = key, .member = member, .help = help};
}

}  // namespace stagecraft
