#pragma once

#include "profiles/pass_plan.h"
#include "profiles/suites/case.h"

namespace stagecraft {

/// The kernels of a plan, ready to run on the bench's stream, on as many sets of buffers as a cold cache
/// takes. What was to run before has run on each of them.
class Pass {
 public:
  /// Runs the first set once, on buffers full of not-a-number, and throws DeviceError where a result is one
  /// still: a kernel then read what none had written. Throws NotHere.
  Pass(Bench& bench, const PassPlan& plan);

  int copies() const { return static_cast<int>(starts_.size()); }
  std::size_t kernels() const { return starts_.front().size(); }
  void run_kernel(int copy, std::size_t kernel) const { starts_[static_cast<std::size_t>(copy)][kernel](); }
  void run(int copy) const {
    for (const auto& start : starts_[static_cast<std::size_t>(copy)]) start();
  }

 private:
  std::vector<std::vector<std::function<void()>>> starts_;  // by copy, then by kernel
  std::vector<std::shared_ptr<void>> owned_;                // plans that the starts use
};

}  // namespace stagecraft
