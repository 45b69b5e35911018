#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// Where a value was written down: a file with its text, or an option of the command line.
struct Origin {
  std::string name{};  ///< file name as given, or the whole option: `--set pipeline.stages=four`
  std::string text{};  ///< the file's bytes; empty for an option
  bool is_option = false;
  std::string option_key{};  ///< for an option that sets a key: the dotted key, `pipeline.stages`
};

/// A position in an Origin. Without an origin: nowhere (a value made by the program).
/// line 0: the file as a whole. For an option line and column are not used.
struct Place {
  std::shared_ptr<const Origin> origin{};
  int line = 0;    ///< from 1
  int column = 0;  ///< from 1, in bytes; errors print it in characters
};

/// The place in words, for hints that name a second place: `a.yaml:4:9`, `--set model.layers=7`.
std::string to_string(const Place& place);

/// The user's input cannot be used. what() is the whole text to print, several lines, no newline at the end:
///
///     a.yaml:2:11: error: 'pipeline.stages' must be an integer, got 'four'
///         2 |   stages: four
///           |           ^
///           = hint
///
/// For a value from the command line the option takes the place of the position and no line is shown:
/// `--set pipeline.stages=four: must be an integer`. Source lines are cut around the caret; control
/// characters and invalid UTF-8 are escaped everywhere, so that the text is safe for a terminal.
class InputError : public std::runtime_error {
 public:
  /// An error that has no place; `text` is printed as it is.
  explicit InputError(const std::string& text);

  /// An error at `place`; each hint is printed after "= ", below the source line.
  InputError(Place place, std::string message, std::vector<std::string> hints = {});

  /// The parts, for annotations of a CI run. The message is without place and hints.
  const Place& place() const { return place_; }
  const std::string& message() const { return message_; }
  const std::vector<std::string>& hints() const { return hints_; }

 private:
  Place place_;
  std::string message_;
  std::vector<std::string> hints_;
};

/// An error about a file as a whole: `a.yaml: error: no such file`.
InputError file_error(std::string_view file, std::string message, std::vector<std::string> hints = {});

}  // namespace stagecraft
