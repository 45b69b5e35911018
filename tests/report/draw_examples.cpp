// Draws the pictures that a person should look at after a change to the drawing:
//   draw_examples FOLDER
#include <fstream>
#include <iostream>
#include <string>

#include "sim/report/csv.h"
#include "sim/report/svg.h"
#include "sim/report/trace.h"
#include "timelines.h"

namespace {

using namespace stagecraft;

void draw(const std::string& folder, const std::string& file, const Timeline& timeline,
          const SvgOptions& options) {
  StringSink svg;
  write_svg(timeline, options, svg);
  std::ofstream(folder + "/" + file + ".svg", std::ios::binary) << svg.text;
  StringSink trace;
  write_trace(timeline, {.selection = options.selection}, trace);
  std::ofstream(folder + "/" + file + ".json", std::ios::binary) << trace.text;
  std::cout << file << ": " << timeline.ops.size() << " ops, " << svg.text.size() << " bytes\n";
}

Timeline with_transfer(TestPipeline pipeline, Duration transfer) {
  pipeline.transfer = transfer;
  return run(pipeline);
}

void draw_all(const std::string& folder) {
  const std::string shape = "4 ranks, 8 micro-batches";
  draw(folder, "1f1b", run(one_f_one_b_pipeline(4, 8)), {.title = "1F1B", .subtitle = shape});
  draw(folder, "1f1b-transfers", with_transfer(one_f_one_b_pipeline(4, 8), Duration{300'000}),
       {.title = "1F1B with transfers", .subtitle = shape});
  draw(folder, "1f1b-memory", with_transfer(one_f_one_b_pipeline(4, 8), Duration{300'000}),
       {.title = "1F1B with memory", .subtitle = shape, .counter = "activations"});
  draw(folder, "gpipe", run(gpipe_pipeline(4, 8)), {.title = "GPipe", .subtitle = shape, .transfers = false});
  draw(folder, "interleaved", with_transfer(interleaved_pipeline(4, 8, 2), Duration{100'000}),
       {.title = "Interleaved 1F1B", .subtitle = shape + ", 2 chunks"});
  draw(folder, "interleaved-plain", run(interleaved_pipeline(4, 8, 4)),
       {.title = "Interleaved 1F1B", .subtitle = shape + ", 4 chunks", .transfers = false});
  draw(folder, "one-rank", run(one_f_one_b_pipeline(1, 4)),
       {.title = "One rank", .subtitle = "4 micro-batches"});
  draw(folder, "medium", run(one_f_one_b_pipeline(16, 64)),
       {.title = "1F1B", .subtitle = "16 ranks, 64 micro-batches"});
  const Timeline large = with_transfer(one_f_one_b_pipeline(64, 512), Duration{100'000});
  draw(folder, "large", large,
       {.title = "1F1B", .subtitle = "64 ranks, 512 micro-batches", .counter = "activations"});
  draw(folder, "large-window", large,
       {.selection = {.from = TimePoint{0}, .to = TimePoint{120'000'000}, .first_rank = 0, .last_rank = 15},
        .title = "1F1B",
        .subtitle = "64 ranks, 512 micro-batches"});
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: draw_examples FOLDER\n";
    return 2;
  }
  draw_all(arguments[1]);
}
