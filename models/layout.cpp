#include "models/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace stagecraft {

namespace {

constexpr std::size_t kMostLetters = std::size_t{1} << 20;  // more than stages and layers of any model

[[noreturn]] void fail(std::string message) {
  throw std::invalid_argument(std::move(message));
}

/// A layout without repetitions, one letter a layer.
class Expander {
 public:
  explicit Expander(std::string_view text) : text_(text) {}

  std::string run() {
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) append(next(), letters_);
    return std::move(letters_);
  }

 private:
  /// A letter or a group in parentheses, without what repeats it.
  std::string next() {
    const char c = text_[at_++];
    if (c == '(') return group();
    if (c == ')') fail(fmt::format("the ')' at character {} has no '('", at_));
    if (c == '*') fail(fmt::format("the '*' at character {} has nothing to repeat", at_));
    if (c == 'm') fail("'m' is a layer that predicts further tokens; models here have none");
    if (std::string_view("EtL|").find(c) == std::string_view::npos)
      fail(fmt::format("character {} is none of E t L | ( ) * ,", at_));
    return {c};
  }
  std::string group() {
    const std::size_t begin = at_;
    std::string letters;
    for (skip_blanks(); at_ < text_.size() && text_[at_] != ')'; skip_blanks()) {
      if (text_[at_] == '(') fail("groups in groups are not allowed");
      append(next(), letters);
    }
    if (at_ == text_.size()) fail(fmt::format("the group at character {} has no end", begin));
    ++at_;
    return letters;
  }

  void append(const std::string& letters, std::string& to) {
    const std::size_t times = repetitions();
    if (times * letters.size() > kMostLetters - to.size())
      fail(fmt::format("it has more than {} layers and stages", kMostLetters));
    for (std::size_t i = 0; i < times; ++i) to += letters;
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ',' || text_[at_] == ' ')) ++at_;
  }
  std::size_t repetitions() {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != '*') return 1;
    std::size_t times = 0;
    const char* const begin = text_.data() + at_ + 1;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), times);
    if (error != std::errc{} || times == 0 || times > kMostLetters)
      fail(fmt::format("the '*' at character {} needs a number from 1 to {}", at_ + 1, kMostLetters));
    at_ = static_cast<std::size_t>(end - text_.data());
    return times;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string letters_;
};

/// `letter` stands once, in the stage that begins and ends there.
void expect_once(std::string_view letters, char letter, std::size_t begin, std::size_t end,
                 std::string_view where) {
  const auto count = std::count(letters.begin(), letters.end(), letter);
  const std::size_t at = letters.find(letter);
  if (count != 1 || at < begin || at > end)
    fail(fmt::format("{} must stand once, in the {} stage", letter, where));
}

}  // namespace

std::vector<int> layers_of_layout(std::string_view text) {
  const std::string letters = Expander(text).run();
  const std::size_t first_end = std::min(letters.find('|'), letters.size());
  const std::size_t last_begin = letters.rfind('|') == std::string::npos ? 0 : letters.rfind('|') + 1;
  expect_once(letters, 'E', 0, first_end, "first");
  expect_once(letters, 'L', last_begin, letters.size(), "last");
  std::vector<int> layers{0};
  for (const char letter : letters) {
    if (letter == '|') layers.push_back(0);
    if (letter == 't') ++layers.back();
  }
  return layers;
}

}  // namespace stagecraft
