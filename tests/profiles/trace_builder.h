#pragma once

#include <string>

#include "tests/trace_file.h"

namespace stagecraft {

/// Builds a trace as Kineto writes it: operators on one host thread one after the other, each with launches
/// of what runs on the GPU. Every operator takes 100 us on the host; its launches lie inside.
class TraceBuilder {
 public:
  explicit TraceBuilder(std::string device = "NVIDIA H200") : device_(std::move(device)) {}

  /// An operator. `args` is JSON to stand beside its id, such as `"Input Dims": [[16, 32]]`.
  TraceBuilder& op(const std::string& name, const std::string& args = {});
  /// A kernel of the last operator, `us` long.
  TraceBuilder& kernel(const std::string& name, double us, const std::string& args = {});
  /// A copy or memset of the last operator; a memset's name begins with "Memset".
  TraceBuilder& copy(const std::string& name, long bytes, double us);
  /// What is launched from now on carries neither "External id" nor a known "correlation".
  TraceBuilder& without_ids();
  /// Kernels from now on are launched when the last operator is over, as libraries beside PyTorch do.
  TraceBuilder& after_the_operator();
  /// Kernels from now on are nodes of a graph.
  TraceBuilder& in_a_graph();

  std::string text() const;

 private:
  void work(const std::string& category, const std::string& name, double us, const std::string& args);
  void event(const std::string& fields);

  std::string device_;
  std::string events_;
  std::string launch_ = "cudaLaunchKernel";
  int last_op_ = 0;
  int last_correlation_ = 1000;
  double launch_offset_us_ = 10;
  bool ids_ = true;
};

/// `"Input Dims": DIMS, "Input type": TYPES` for a bf16 tensor each, with "Concrete Inputs" where given.
std::string inputs(const std::string& dims, const std::string& types, const std::string& values = {});

}  // namespace stagecraft
