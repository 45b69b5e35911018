#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// One option of the command line; from these records come the parser, --help and completion.
struct OptionInfo {
  std::string_view name;         ///< without dashes: "svg"
  std::string_view placeholder;  ///< what its value is called, such as "FILE"; empty: it takes none
  std::string_view help;
  bool repeatable = false;
  bool is_file = false;          ///< completion offers files
  std::string_view values = {};  ///< what its value may be, separated by blanks; empty: anything
};

/// The command line cannot be understood; what() is the whole text to print.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What stood on the command line.
struct Arguments {
  std::vector<std::string> positional;
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  /// The words behind `--` of a command that runs a program (CommandInfo::runs_program).
  std::vector<std::string> behind_dashes{};

  bool has(std::string_view name) const { return options.find(name) != options.end(); }
  /// The option's value; empty where it was not given.
  std::string value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;
  /// The option's whole number, or `otherwise` where it was not given. Throws UsageError: no number, below
  /// `least`, above `most`.
  std::int64_t number(std::string_view name, std::int64_t least, std::int64_t otherwise,
                      std::int64_t most = kLargest) const;

  static constexpr std::int64_t kLargest = std::numeric_limits<int>::max();
};

/// The whole text as a number from 0 to `most`; nothing where it is none.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t most = Arguments::kLargest);

/// Parses `words`. Throws UsageError: unknown option (with "did you mean"), value missing, value where there
/// is none, an option given twice that is not repeatable.
Arguments parse_arguments(const std::vector<std::string>& words, std::span<const OptionInfo> options);

/// The options as an aligned table, for --help.
std::string options_help(std::span<const OptionInfo> options);

}  // namespace stagecraft
