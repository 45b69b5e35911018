// What the host pays for launches, graphs and waits. Measured without CUPTI, whose records lengthen every
// call; the host's clock is read around the call and events around the work.
#include "profiles/suites/case.h"

namespace stagecraft {

namespace {

/// A graph of `kernels` empty kernels in a row, ready to launch.
class Graph {
 public:
  Graph(int kernels, cudaStream_t stream) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "a graph");
    for (int i = 0; i < kernels; ++i) launch_empty(stream);
    check(cudaStreamEndCapture(stream, &graph), "a graph");
    const cudaError_t made = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(made, "a graph");
  }
  ~Graph() { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(executable_, stream), "launching a graph"); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

cudaEvent_t shared_event() {
  static cudaEvent_t event = untimed_event();
  return event;
}

}  // namespace

Case launch_case(Bench& bench, const SuitePoint& point) {
  const auto kernels = static_cast<int>(point.at("kernels"));
  const cudaStream_t stream = bench.stream();
  Case ready;
  if (point.family == "launch")
    ready.launch = [kernels, stream](int) {
      for (int i = 0; i < kernels; ++i) launch_empty(stream);
    };
  else if (point.family == "graph-launch")
    ready.launch = [graph = std::make_shared<Graph>(kernels, stream), stream](int) { graph->launch(stream); };
  else if (point.family == "stream-synchronize")  // one kernel and the wait for it: a decode step's least
    ready.launch = [stream](int) {
      launch_empty(stream);
      check(cudaStreamSynchronize(stream), "waiting");
    };
  else  // event-wait: the other stream's work orders this one's
    ready.launch = [&bench, stream](int) {
      launch_empty(bench.other());
      check(cudaEventRecord(shared_event(), bench.other()), "an event");
      check(cudaStreamWaitEvent(stream, shared_event(), 0), "waiting for an event");
      launch_empty(stream);
    };
  return ready;
}

}  // namespace stagecraft
