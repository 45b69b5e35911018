#include "profiles/trace_import.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "profiles/measured_table.h"
#include "trace_builder.h"

using namespace stagecraft;

namespace {

const std::string kTwoBf16 = R"(["c10::BFloat16", "c10::BFloat16"])";
const std::string kThreeBf16 =
    R"(["c10::BFloat16", "c10::BFloat16", "c10::BFloat16", "", "", "", "", "", ""])";

TracedRows import_one(const TraceBuilder& trace) {
  const TraceFile file(trace.text());
  const std::string path = file.path();
  return import_traces({&path, 1}, "stagecraft profile import t.json");
}

/// The one row of the trace, as "suite family format point".
std::string row_text(const TraceBuilder& trace) {
  const TracedRows rows = import_one(trace);
  REQUIRE(rows.raw.rows.size() == 1);
  const MeasuredRow& row = rows.raw.rows[0];
  return row.suite + " " + row.family + " " + row.format + " " + row.point;
}

std::string op_row(const std::string& name, const std::string& dims, const std::string& types = kTwoBf16,
                   const std::string& values = {}) {
  return row_text(TraceBuilder().op(name, inputs(dims, types, values)).kernel("k", 1));
}

std::string comm_row(const std::string& args) {
  return row_text(
      TraceBuilder().op("record_param_comms").kernel("ncclDevKernel_AllReduce_Sum_bf16_RING_LL(x)", 9, args));
}

}  // namespace

TEST_CASE("calls of one operator, shape and format become a row with the spread of their times",
          "[profiles]") {
  // Times 10, 11, ..., 20 us: median 15, 10th percentile 11, 90th 19. 2 * 16 * 64 * 32 FLOPs; operands and
  // result in two bytes each: 2 * (16 * 32 + 64 * 32 + 16 * 64) bytes.
  TraceBuilder trace;
  for (int us = 20; us >= 10; --us)
    trace.op("aten::mm", inputs("[[16, 32], [32, 64]]", kTwoBf16))
        .kernel("gemm<128, 64>(int)", us - 1)
        .kernel("r", 1);
  const TracedRows rows = import_one(trace);
  REQUIRE(rows.raw.rows.size() == 1);
  const MeasuredRow& row = rows.raw.rows[0];
  CHECK(row.family == "gemm");
  CHECK(row.format == "bf16");
  CHECK(row.point == "m=16 n=64 k=32");
  CHECK(row.cache == "traced");
  CHECK((row.calls == 11 && row.kernels_per_call == 2));
  CHECK(row.median_us == Approx(15));
  CHECK(row.p10_us == Approx(11));
  CHECK(row.p90_us == Approx(19));
  CHECK(row.min_us == Approx(10));
  CHECK(row.flops == 65536);
  CHECK(row.bytes == 7168);
  CHECK(row.kernel == "gemm<128, 64>(int)");
  CHECK(rows.totals.at("gemm").duration == Duration{165'000});
}

TEST_CASE("the header tells the device, CUDA, the day and the trace", "[profiles]") {
  const TracedRows rows = import_one(TraceBuilder().op("aten::add").kernel("add", 1));
  CHECK(rows.raw.header.device == "NVIDIA H200");
  CHECK(rows.raw.header.cuda == "CUDA runtime 12.4");
  CHECK(rows.raw.header.date == "2025-11-24");  // 1764000000 s after 1970 began: 16:00 on that day
  CHECK(rows.raw.header.source.starts_with("PyTorch trace "));
  CHECK(rows.raw.header.command == "stagecraft profile import t.json");
}

TEST_CASE("products become gemm rows whatever the operator calls its operands", "[profiles]") {
  CHECK(op_row("aten::mm", "[[16, 32], [32, 64]]") == "gemm gemm bf16 m=16 n=64 k=32");
  CHECK(op_row("aten::addmm", "[[64], [16, 32], [32, 64], [], []]",
               R"(["float", "c10::Half", "c10::Half"])") == "gemm gemm fp16 m=16 n=64 k=32");
  CHECK(op_row("aten::linear", "[[4, 8, 32], [64, 32], [64]]") == "gemm gemm bf16 m=32 n=64 k=32");
  CHECK(op_row("aten::_scaled_mm", "[[16, 32], [32, 64], [], []]",
               R"(["c10::Float8_e4m3fn", "c10::Float8_e4m3fn"])") == "gemm gemm fp8 m=16 n=64 k=32");
  CHECK(op_row("aten::bmm", "[[1, 16, 32], [1, 32, 64]]") == "gemm gemm bf16 m=16 n=64 k=32");
  // Eight products of 16 rows are no product of 128: the weights are eight times as many.
  CHECK(op_row("aten::bmm", "[[8, 16, 32], [8, 32, 64]]") == "gemm batched-gemm bf16 batch=8 m=16 n=64 k=32");
}

TEST_CASE("products without usable shapes keep the operator's name", "[profiles]") {
  CHECK(row_text(TraceBuilder().op("aten::mm").kernel("k", 1)) == "operators aten::mm none ");
  CHECK(op_row("aten::mm", "[[16, 32], [16, 64]]") ==
        "operators aten::mm bf16 in0.0=16 in0.1=32 in1.0=16 in1.1=64");
  CHECK(op_row("aten::mm", "[[0, 32], [32, 64]]").starts_with("operators aten::mm"));
}

TEST_CASE("attention is named by what its shapes and mask say", "[profiles]") {
  const auto flash = [](const std::string& dims, const std::string& causal) {
    return op_row("aten::_scaled_dot_product_flash_attention", dims, kThreeBf16,
                  R"(["", "", "", "0.", ")" + causal + R"(", "False", ""])");
  };
  const std::string square = "[[2, 32, 512, 128], [2, 8, 512, 128], [2, 8, 512, 128], [], [], [], []]";
  const std::string heads = " q_heads=32 kv_heads=8 head_dim=128";
  CHECK(flash(square, "True") == "attention prefill-attention bf16 batch=2 sequence=512" + heads);
  CHECK(flash(square, "False") == "attention unmasked-attention bf16 batch=2 sequence=512" + heads);
  const std::string one = "[[2, 32, 1, 128], [2, 8, 512, 128], [2, 8, 512, 128], [], [], [], []]";
  CHECK(flash(one, "False") == "attention decode-attention bf16 batch=2 kv_len=512" + heads);
  const std::string four = "[[2, 32, 4, 128], [2, 8, 512, 128], [2, 8, 512, 128], [], [], [], []]";
  CHECK(flash(four, "False") == "attention verify-attention bf16 batch=2 kv_len=512 query=4" + heads);
  // Causal from the top left: the query sees one key, or four, whatever the cache holds.
  CHECK(flash(one, "True").starts_with("operators aten::_scaled_dot_product_flash_attention bf16 in0.0=2"));
  CHECK(flash(four, "True").starts_with("operators aten::_scaled_dot_product_flash_attention"));
  // _flash_attention_forward has tokens before heads, and says causal in its ninth input.
  CHECK(op_row("aten::_flash_attention_forward",
               "[[2, 512, 32, 128], [2, 512, 8, 128], [2, 512, 8, 128], [], [], [], [], [], [], []]",
               kThreeBf16, R"(["", "", "", "", "", "512", "512", "0.", "True", "False"])") ==
        "attention prefill-attention bf16 batch=2 sequence=512" + heads);
  // Without "Concrete Inputs" nobody knows whether half of the scores are needed.
  CHECK(op_row("aten::_scaled_dot_product_flash_attention", square, kThreeBf16)
            .starts_with("operators aten::_scaled_dot_product_flash_attention"));
}

TEST_CASE("causal attention counts half of the scores", "[profiles][formula]") {
  // 4 FLOPs per score and dimension: QK^T and PV; half of 2 * 32 * 512^2 scores. Q and O of 32 heads, K and V
  // of 8, two bytes each.
  const TracedRows rows =
      import_one(TraceBuilder()
                     .op("aten::_scaled_dot_product_cudnn_attention",
                         inputs("[[2, 32, 512, 128], [2, 8, 512, 128], [2, 8, 512, 128], [], [], [], []]",
                                kThreeBf16, R"(["", "", "", "", "False", "0.", "True"])"))
                     .kernel("cudnn_generated_fort_native_sdpa_sm90_flash_fprop", 30));
  REQUIRE(rows.raw.rows.size() == 1);
  CHECK(rows.raw.rows[0].flops == 0.5 * 4 * 2 * 32 * 512 * 512 * 128);
  CHECK(rows.raw.rows[0].bytes == 2.0 * 2 * 512 * 128 * 2 * (32 + 8));
}

TEST_CASE("copies become rows by direction and size", "[profiles]") {
  const auto first = [](const std::string& name) {
    const TracedRows rows =
        import_one(TraceBuilder().op("aten::copy_").copy(name, 4096, 2).op("x").kernel("k", 1));
    const MeasuredRow& row = rows.raw.rows.at(0);  // copies come before operators
    return row.suite + " " + row.family + " " + row.point + " " + std::to_string(static_cast<int>(row.bytes));
  };
  CHECK(first("Memcpy HtoD (Pinned -> Device)") == "copies copy-h2d bytes=4096 ways=1 4096");
  CHECK(first("Memcpy DtoH (Device -> Pageable)") == "copies copy-d2h-pageable bytes=4096 ways=1 4096");
  CHECK(first("Memcpy DtoD (Device -> Device)") == "copies copy-d2d bytes=4096 ways=1 8192");
  CHECK(first("Memset (Device)") == "copies memset bytes=4096 ways=1 4096");
}

TEST_CASE("collectives become rows by bytes and group where the trace says them", "[profiles]") {
  const std::string eight = R"(, "Group size": 8, "dtype": "BFloat16")";
  CHECK(comm_row(R"("Collective name": "allreduce", "In msg nelems": 1024, "Out msg nelems": 1024)" +
                 eight) == "collectives all-reduce bf16 bytes=2048 gpus=8");
  CHECK(comm_row(R"("Collective name": "_allgather_base", "In msg nelems": 128, "Out msg nelems": 1024)" +
                 eight) == "collectives all-gather bf16 bytes=2048 gpus=8");
  CHECK(
      comm_row(R"("Collective name": "_reduce_scatter_base", "In msg nelems": 1024, "Out msg nelems": 128)" +
               eight) == "collectives reduce-scatter bf16 bytes=2048 gpus=8");
  CHECK(comm_row("\"a\": 1") == "collectives ncclDevKernel_AllReduce_Sum_bf16_RING_LL none ");
  // Older traces have them at the operator.
  CHECK(
      row_text(TraceBuilder()
                   .op("record_param_comms", R"("Collective name": "broadcast", "dtype": "Float", )"
                                             R"("In msg nelems": 10, "Out msg nelems": 10, "Group size": 4)")
                   .kernel("ncclKernel_Broadcast", 3)) == "collectives broadcast fp32 bytes=40 gpus=4");
}

TEST_CASE("other operators keep their names and the sizes of their inputs", "[profiles]") {
  CHECK(op_row("aten::native_layer_norm", "[[4, 1024], [], [1024], [1024], []]",
               R"(["float", "ScalarList", "float", "float", "Scalar"])") ==
        "operators aten::native_layer_norm fp32 in0.0=4 in0.1=1024 in2.0=1024 in3.0=1024");
  CHECK(op_row("aten::_foreach_add_", "[[[16], [4, 4]], [[16], [4, 4]], []]",
               R"(["TensorList", "TensorList"])") ==
        "operators aten::_foreach_add_ none in0.tensors=2 in0.elements=32 in1.tensors=2 in1.elements=32");
  CHECK(row_text(TraceBuilder().op("aten::x").after_the_operator().kernel(
            "void at::native::(anonymous namespace)::fused<4, float>(int)", 1)) ==
        "kernels at::native::fused none ");
}

TEST_CASE("rows of a trace make a table that cost models read", "[profiles]") {
  TraceBuilder trace;
  for (const int m : {1, 16, 256})
    for (const int n : {1024, 2048, 4096, 8192})
      trace
          .op("aten::mm",
              inputs("[[" + std::to_string(m) + ", 4096], [4096, " + std::to_string(n) + "]]", kTwoBf16))
          .kernel("gemm", 5 + 1e-3 * m * n / 8);
  const KernelTable table = table_of(import_one(trace).raw);
  CHECK(table.device == "h200");
  CHECK(table.source.starts_with("PyTorch trace "));
  CHECK(table.driver == "CUDA runtime 12.4");
  REQUIRE(table.sections.size() == 1);
  CHECK(table.sections[0].rows.size() == 12);
}

TEST_CASE("traces of two devices do not mix", "[profiles][error]") {
  const TraceFile first(TraceBuilder().op("aten::add").kernel("add", 1).text(), "trace_a");
  const TraceFile second(TraceBuilder("NVIDIA H100").op("aten::add").kernel("add", 1).text(), "trace_b");
  const std::vector<std::string> paths = {first.path(), second.path()};
  CHECK_THROWS_WITH(import_traces(paths, ""),
                    second.path() + ": error: is of NVIDIA H100, " + first.path() +
                        " of NVIDIA H200\n      = rows of two devices do not mix: import "
                        "each into its own table");
}

TEST_CASE("ranks of one run are taken together", "[profiles]") {
  const TraceFile first(TraceBuilder().op("aten::add").kernel("add", 1).text(), "trace_a");
  const TraceFile second(TraceBuilder().op("aten::add").kernel("add", 3).text(), "trace_b");
  const std::vector<std::string> paths = {first.path(), second.path()};
  const TracedRows rows = import_traces(paths, "");
  REQUIRE(rows.raw.rows.size() == 1);
  CHECK(rows.raw.rows[0].calls == 2);
  CHECK(rows.raw.rows[0].median_us == Approx(2));
}

TEST_CASE("a trace without deviceProperties has rows, but no table", "[profiles][error]") {
  const TracedRows rows = import_one(TraceBuilder("").op("aten::add").kernel("add", 1));
  CHECK_THROWS_WITH(table_of(rows.raw), Catch::Contains("a device that the trace does not name"));
}
