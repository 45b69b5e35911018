#include "models/collective_table.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/error.h"
#include "models/kernel_table.h"

using namespace stagecraft;

namespace {

/// alpha + bytes / beta, in microseconds.
double alpha_beta(double gpus, double bytes) {
  return 4 * gpus + bytes / (gpus * 100e3);
}

CollectiveSection measured(std::initializer_list<double> gpus) {
  CollectiveSection section{.rows = {}, .deviation = 0.05};
  for (const double n : gpus)
    for (double bytes = 1024; bytes <= 1 << 28; bytes *= 2)
      section.rows.push_back({"all_reduce", n, bytes, alpha_beta(n, bytes)});
  return section;
}

CsvLines lines_of(const std::string& text) {
  CsvLines lines(std::make_shared<Origin>(Origin{.name = "t.csv", .text = text}));
  lines.next();
  return lines;
}

std::string error_of(const std::string& text) {
  CsvLines lines = lines_of(text);
  try {
    read_collectives(lines);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a measured collective comes back as it was measured", "[property]") {
  const CollectiveSection section = measured({2, 4, 8});
  const CollectiveModel model(section);
  for (const CollectiveRow& row : section.rows) {
    const auto time = model.predict(row.operation, row.gpus, row.bytes);
    REQUIRE(time);
    CHECK(time->us == Approx(row.us));
    CHECK(time->deviation == Approx(0.3 * section.deviation));
  }
}

TEST_CASE("between measured sizes a collective is near what latency and bandwidth make of it", "[formula]") {
  const CollectiveModel model(measured({2, 4, 8}));
  for (const double gpus : {2.0, 4.0, 8.0}) {
    for (double bytes = 1536; bytes < 1 << 28; bytes *= 2) {
      const auto time = model.predict("all_reduce", gpus, bytes);
      CHECK(time->us == Approx(alpha_beta(gpus, bytes)).epsilon(0.02));
      CHECK(time->deviation > 0.3 * 0.05);
    }
  }
}

TEST_CASE("beyond measured sizes a collective keeps its latency and its bandwidth", "[formula]") {
  const CollectiveModel model(measured({4}));
  CHECK(model.predict("all_reduce", 4, 16)->us == Approx(alpha_beta(4, 1024)));
  CHECK(model.predict("all_reduce", 4, 1 << 30)->us == Approx(4 * alpha_beta(4, 1 << 28)));
  CHECK(model.predict("all_reduce", 4, 1 << 30)->deviation == Approx(0.05));
}

TEST_CASE("between measured numbers of devices a collective lies between their times", "[property]") {
  const CollectiveModel model(measured({2, 8}));
  for (const double bytes : {2048.0, 3e6, 1e8}) {
    const double low = model.predict("all_reduce", 2, bytes)->us,
                 high = model.predict("all_reduce", 8, bytes)->us;
    // 4 is half way between 2 and 8 in the logarithm.
    CHECK(model.predict("all_reduce", 4, bytes)->us == Approx(std::sqrt(low * high)));
  }
  CHECK_FALSE(model.predict("all_reduce", 16, 1024));
  CHECK_FALSE(model.predict("all_reduce", 1, 1024));
  CHECK_FALSE(model.predict("all_gather", 2, 1024));
}

TEST_CASE("curves never turn between measured sizes", "[property]") {
  // A step at 64 KiB, as where a library changes its protocol.
  CollectiveSection section{.rows = {}, .deviation = 0.05};
  for (double bytes = 1024; bytes <= 1 << 20; bytes *= 2)
    section.rows.push_back({"all_reduce", 2, bytes, bytes < 65536 ? 10.0 : 20 + bytes / 1e6});
  const CollectiveModel model(section);
  double before = 0;
  for (double bytes = 1024; bytes <= 1 << 20; bytes *= 1.07) {
    const double us = model.predict("all_reduce", 2, bytes)->us;
    CHECK(us >= before * (1 - 1e-12));
    before = us;
  }
}

TEST_CASE("collectives are a block of a table and read back", "[golden]") {
  KernelTable table{.device = "h200", .source = "us", .sections = {}, .collectives = {}};
  table.collectives =
      CollectiveSection{.rows = {{"all_reduce", 2, 1024, 6.01}, {"all_gather", 8, 4096, 12.5}},
                        .deviation = 0.067,
                        .held_out_error = 0.03};
  const std::string text = to_text(table);
  CHECK(text.substr(text.find("---")) ==
        "---\ncollectives\noperation,gpus,bytes,us\nall_gather,8,4096,12.5\nall_reduce,2,1024,6.01\n");
  const KernelTable read = parse_kernel_table(text, "t.yaml");
  REQUIRE(read.collectives);
  CHECK(read.collectives->rows.size() == 2);
  CHECK(read.collectives->deviation == 0.067);
  CHECK(to_text(read) == text);
}

TEST_CASE("columns of others are understood as collectives", "[golden]") {
  CsvLines lines = lines_of("op,gpus,bytes,us\nalltoall,4,512,9.5\n");
  const CollectiveSection section = read_collectives(lines);
  REQUIRE(section.rows.size() == 1);
  CHECK(section.rows[0].operation == "all_to_all");
}

TEST_CASE("collectives that cannot be read are named where they stand", "[error]") {
  CHECK(error_of("op,gpus,us\n").find("collectives need the columns operation,gpus,bytes,us") !=
        std::string::npos);
  CHECK(error_of("op,gpus,bytes,us\nbroadcast,2,1,1\n").find("'broadcast' is no collective") !=
        std::string::npos);
  CHECK(error_of("op,gpus,bytes,us\nall_reduce,2,1024\n").find("a row has 3 cells, the header 4") !=
        std::string::npos);
  CHECK(error_of("op,gpus,bytes,us\nall_reduce,2,0,1\n").starts_with("t.csv:2:14: error:"));
  CHECK(error_of("op,gpus,bytes,us\n").find("there is no row of collectives") != std::string::npos);
}

TEST_CASE("rows left out one by one say how far a table of collectives is off", "[property]") {
  const CollectiveSection section = judged(measured({2, 4, 8}));
  CHECK(section.deviation < 0.05);
  const CollectiveErrors errors = left_out_errors(section, "all_reduce");
  CHECK(errors.rows == 3 * 17);  // 19 sizes, without both ends
  CHECK(errors.near == errors.rows);
  CHECK(errors.mean < 0.05);
  CHECK(left_out_errors(section, "all_gather").rows == 0);
}
