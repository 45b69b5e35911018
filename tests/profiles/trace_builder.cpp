#include "trace_builder.h"

#include <fmt/format.h>

namespace stagecraft {

void TraceBuilder::event(const std::string& fields) {
  events_ += fmt::format("{}\n{{\"ph\": \"X\", {}}}", events_.empty() ? "" : ",", fields);
}

TraceBuilder& TraceBuilder::op(const std::string& name, const std::string& args) {
  ++last_op_;
  event(fmt::format(R"("cat": "cpu_op", "name": "{}", "pid": 10, "tid": 10, "ts": {}, "dur": 100, )"
                    R"("args": {{"External id": {}{}{}}})",
                    name, last_op_ * 1000, last_op_, args.empty() ? "" : ", ", args));
  return *this;
}

void TraceBuilder::work(const std::string& category, const std::string& name, double us,
                        const std::string& args) {
  const int correlation = ++last_correlation_;
  event(fmt::format(R"("cat": "cuda_runtime", "name": "{}", "pid": 10, "tid": 10, "ts": {}, "dur": 5, )"
                    R"("args": {{"External id": {}, "cbid": 211, "correlation": {}}})",
                    launch_, last_op_ * 1000 + launch_offset_us_, last_op_, correlation));
  const std::string ids =
      ids_ ? fmt::format(R"(, "External id": {}, "correlation": {})", last_op_, correlation) : "";
  event(fmt::format(R"("cat": "{}", "name": "{}", "pid": 0, "tid": 7, "ts": {}, "dur": {}, )"
                    R"("args": {{"device": 0, "stream": 7{}{}{}}})",
                    category, name, last_op_ * 1000 + 50, us, ids, args.empty() ? "" : ", ", args));
}

TraceBuilder& TraceBuilder::kernel(const std::string& name, double us, const std::string& args) {
  work("kernel", name, us, args);
  return *this;
}

TraceBuilder& TraceBuilder::copy(const std::string& name, long bytes, double us) {
  work(name.starts_with("Memset") ? "gpu_memset" : "gpu_memcpy", name, us,
       fmt::format("\"bytes\": {}", bytes));
  return *this;
}

TraceBuilder& TraceBuilder::without_ids() {
  ids_ = false;
  return *this;
}

TraceBuilder& TraceBuilder::after_the_operator() {
  launch_offset_us_ = 500;
  return *this;
}

TraceBuilder& TraceBuilder::in_a_graph() {
  launch_ = "cudaGraphLaunch";
  return *this;
}

std::string TraceBuilder::text() const {
  const std::string properties =
      device_.empty() ? "" : fmt::format(R"("deviceProperties": [{{"id": 0, "name": "{}"}}], )", device_);
  return fmt::format(
      R"({{"schemaVersion": 1, {}"cuda_runtime_version": 12040, "baseTimeNanoseconds": 1764000000000000000, )"
      R"("traceEvents": [{}]}})",
      properties, events_);
}

std::string inputs(const std::string& dims, const std::string& types, const std::string& values) {
  return fmt::format(R"("Input Dims": {}, "Input type": {}{}{})", dims, types,
                     values.empty() ? "" : ", \"Concrete Inputs\": ", values);
}

}  // namespace stagecraft
