#pragma once

#include <string>

namespace stagecraft {

/// A line on the terminal that says how far a long computation is, with the time left: "fitting  41 %, 5 s
/// left". Says nothing where standard error is no terminal, and nothing in the first second.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `share` of the work is done, 0 ... 1.
  void at(double share);

 private:
  std::string what_;
  double begin_s_;
  double shown_s_ = 0;  // when the line was last written; 0: never
  bool terminal_;
};

}  // namespace stagecraft
