#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace stagecraft {

/// Events as PyTorch's profiler writes them; times in microseconds.
inline std::string on_gpu(std::string_view category, std::string_view name, int stream, double from,
                          double to, int correlation, int device = 0) {
  return fmt::format(
      "{{\"ph\":\"X\",\"cat\":\"{}\",\"name\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":{},\"dur\":{},\"args\":{{"
      "\"device\":{},"
      "\"stream\":{},\"correlation\":{}}}}},\n",
      category, name, device, stream, from, to - from, device, stream, correlation);
}

inline std::string kernel(std::string_view name, int stream, double from, double to, int correlation = 0,
                          int device = 0) {
  return on_gpu("kernel", name, stream, from, to, correlation, device);
}

inline std::string call(std::string_view name, double from, double to, int correlation = 0) {
  return fmt::format(
      "{{\"ph\":\"X\",\"cat\":\"cuda_runtime\",\"name\":\"{}\",\"pid\":4242,\"tid\":4242,\"ts\":{},\"dur\":{}"
      ",\"args\":"
      "{{\"correlation\":{}}}}},\n",
      name, from, to - from, correlation);
}

/// A trace of `events`, each with a comma at its end; `head` goes before them.
inline std::string kineto(const std::string& events, const std::string& head = "") {
  return "{\"schemaVersion\": 1, " + head + "\"traceEvents\": [\n" + events +
         "{\"ph\":\"M\",\"name\":\"process_name\",\"ts\":0,\"pid\":4242,\"tid\":0,\"args\":{\"name\":"
         "\"python3\"}},\n"
         "{\"ph\":\"s\",\"id\":1,\"cat\":\"ac2g\",\"name\":\"ac2g\",\"pid\":4242,\"tid\":4242,\"ts\":1},\n"
         "{\"ph\":\"i\",\"s\":\"g\",\"name\":\"Record Window "
         "End\",\"pid\":\"\",\"tid\":\"\",\"ts\":999}\n]}\n";
}

/// One GPU, a stream (7) that computes and one (20) that communicates. In microseconds:
///
///     stream 7   gemm 0-100, 100-180       250-300        340-400          450-500       520-540
///     stream 20       nccl 60-140, dispatch 170-230
///     copies                                    300-310
///
/// span          540
/// compute       180 + 50 + 60 + 50 + 20 = 360
/// communication 80 + 60 = 140, of which hidden 80 (60-140) + 10 (170-180) = 90, exposed 50 (180-230)
/// copies        10
/// idle          540 - 360 - 50 - 10 = 120:
///   230-250     20 queued: its launch returned at 15
///   310-340     30 synchronization: the host waited from 305 to 315, and launched from 320 to 330
///   400-450     50 host: launched from 430 to 440
///   500-520     20 unknown: nobody launched what comes next
inline std::string two_streams() {
  return kernel("gemm_b", 7, 100, 180, 2) + kernel("gemm_a", 7, 0, 100, 1) +
         call("cudaLaunchKernel", 10, 15, 3) +
         kernel("ncclDevKernel_AllReduce_Sum_bf16_RING_LL", 20, 60, 140, 10) +
         kernel("void deep_ep::intranode::dispatch<8, 768>(int4*, float*)", 20, 170, 230, 11) +
         kernel("gemm_c", 7, 250, 300, 3) +
         on_gpu("gpu_memcpy", "Memcpy DtoH (Device -> Pinned)", 7, 300, 310, 4) +
         call("cudaStreamSynchronize", 305, 315) + call("cudaLaunchKernel", 320, 330, 5) +
         kernel("gemm_d", 7, 340, 400, 5) + call("cudaLaunchKernelExC", 430, 440, 6) +
         kernel("gemm_e", 7, 450, 500, 6) + kernel("gemm_f", 7, 520, 540, 7) +
         "{\"ph\":\"X\",\"cat\":\"gpu_user_annotation\",\"name\":\"attn(F)\",\"pid\":0,\"tid\":7,\"ts\":0,"
         "\"dur\":180},\n"
         "{\"ph\":\"X\",\"cat\":\"gpu_user_annotation\",\"name\":\"attn(F)\",\"pid\":0,\"tid\":7,\"ts\":250,"
         "\"dur\":50},\n"
         "{\"ph\":\"X\",\"cat\":\"user_annotation\",\"name\":\"step\",\"pid\":4242,\"tid\":4242,\"ts\":0,"
         "\"dur\":900},\n";
}

}  // namespace stagecraft
