#include "models/calibration.h"

#include <catch2/catch.hpp>

#include <cmath>

#include "tests/base/error_of.h"

using namespace stagecraft;

namespace {

constexpr LayerShape kShape{.hidden = 1024, .heads = 16, .sequence = 2048, .tensor = 2, .micro_batch = 4};

LayerFactor layer(const LayerShape& shape, double factor, std::optional<double> ends = {}) {
  return {.hidden = shape.hidden,
          .heads = shape.heads,
          .sequence = shape.sequence,
          .tensor = shape.tensor,
          .micro_batch = shape.micro_batch,
          .factor = factor,
          .ends = ends,
          .steps = 3};
}

LayerShape with_hidden(std::int64_t hidden) {
  LayerShape shape = kShape;
  shape.hidden = hidden;
  return shape;
}

Calibration calibration(std::vector<LayerFactor> layers) {
  return {.device = "a100-80", .source = "made up", .deviation = 0.2, .layers = std::move(layers)};
}

/// A whole file; the layer's last key is `key`.
std::string text(const std::string& head, const std::string& key) {
  return head +
         "deviation: 0.1\n"
         "layers:\n"
         "  - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, " +
         key + "}\n";
}

constexpr const char* kHead = "stagecraft_calibration: 1\ndevice: a100-80\nsource: me\nroofline: {}\n";

std::string error(const std::string& text) {
  return error_of([&] { parse_calibration(text, "c.yaml"); });
}

}  // namespace

TEST_CASE("a calibration reads back from its own text", "[golden]") {
  Calibration written = calibration({layer(kShape, 1.25, 0.75), layer(with_hidden(2048), 0.5)});
  written.source = "who: \"quoted\", # and more";
  written.licence = "CC0";
  written.date = "2026-01-31";
  written.command = "stagecraft fit --steps";
  written.held_out_error = 0.07;
  written.roofline.attention_efficiency = 0.12345678901234567;
  written.roofline.host_launch = Duration{12'345};
  written.roofline.collectives.start = Duration{0};
  CHECK(parse_calibration(to_text(written), "c.yaml") == written);
}

TEST_CASE("factors are written with four digits", "[golden]") {
  const Calibration written = calibration({layer(kShape, 1.23456789, 0.000123456)});
  const Calibration read = parse_calibration(to_text(written), "c.yaml");
  CHECK(read.layers[0].factor == 1.235);
  CHECK(read.layers[0].ends == 0.0001235);
}

TEST_CASE("mistakes in a calibration are shown where they stand", "[error]") {
  CHECK(error(text(kHead, "factor: 1")) == "no error");
  CHECK(error(text("stagecraft_calibration: 2\ndevice: a100-80\nsource: me\nroofline: {}\n", "factor: 1")) ==
        "c.yaml:1:25: error: 'stagecraft_calibration' must be 1, got '2'\n"
        "    1 | stagecraft_calibration: 2\n"
        "      |                         ^");
  CHECK(error(text("stagecraft_calibration: 1\ndevice: a100\nsource: me\nroofline: {}\n", "factor: 1")) ==
        "c.yaml:2:9: error: 'device' must be a known name, got 'a100'; did you mean 'a10'?\n"
        "    2 | device: a100\n"
        "      |         ^\n"
        "      = known names: v100-16, v100-32, a10, a100-40, a100-80, h100, h200, b200");
  CHECK(error(text("device: a100-80\nsource: me\nroofline: {}\n", "factor: 1")) ==
        "c.yaml:1:1: error: 'stagecraft_calibration' is required: version of the format\n"
        "    1 | device: a100-80\n"
        "      | ^");
  CHECK(error(std::string(kHead) + "deviation: 0.1\nlayers: []\n") ==
        "c.yaml:6:1: error: 'layers' is empty: a calibration needs a measured shape\n"
        "    6 | layers: []\n"
        "      | ^");
  CHECK(error(std::string(kHead) + "deviation: 0\nlayers: []\n") ==
        "c.yaml:5:12: error: 'deviation' must be more than 0 and at most 10, got '0'\n"
        "    5 | deviation: 0\n"
        "      |            ^");
  CHECK(error(text(kHead, "factor: 0")) ==
        "c.yaml:7:82: error: 'layers.0.factor' must be more than 0 and at most 100, got '0'\n"
        "    7 |   - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, factor: 0}\n"
        "      |                                                                                  ^");
  CHECK(error(text(kHead, "factor: -1")) ==
        "c.yaml:7:82: error: 'layers.0.factor' must be more than 0 and at most 100, got '-1'\n"
        "    7 |   - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, factor: -1}\n"
        "      |                                                                                  ^");
  CHECK(error(text(kHead, "factor: 101")) ==
        "c.yaml:7:82: error: 'layers.0.factor' must be more than 0 and at most 100, got '101'\n"
        "    7 |   - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, factor: 101}\n"
        "      |                                                                                  ^");
  CHECK(error(text(kHead, "steps: 1")) ==
        "c.yaml:7:5: error: 'layers.0.factor' is required: measured over the roofline's time\n"
        "    7 |   - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, steps: 1}\n"
        "      |     ^");
  CHECK(
      error(text(kHead, "factor: 1, ends: 0")) ==
      "c.yaml:7:91: error: 'layers.0.ends' must be more than 0 and at most 100, got '0'\n"
      "    7 |   - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, factor: 1, ends: 0}\n"
      "      |                                                                                           ^");
  CHECK(error(text(kHead, "factr: 1")) ==
        "c.yaml:7:74: error: unknown key 'factr' in 'layers.0'; did you mean 'factor'?\n"
        "    7 |   - {hidden: 1024, heads: 16, sequence: 2048, tensor: 1, micro_batch: 1, factr: 1}\n"
        "      |                                                                          ^\n"
        "      = known keys: ends, factor, heads, hidden, micro_batch, sequence, steps, tensor");
  CHECK(error(text(std::string(kHead) + "tables: 1\n", "factor: 1")) ==
        "c.yaml:5:1: error: unknown key 'tables'\n"
        "    5 | tables: 1\n"
        "      | ^\n"
        "      = known keys: command, date, deviation, device, held_out_error, layers, licence, roofline, "
        "source, stagecraft_calibration");
  CHECK(error("") == "c.yaml: error: the file is empty");
}

TEST_CASE("at a measured shape the factor is the measured one but for the noise that is assumed",
          "[formula]") {
  // Simple kriging of one point: log(factor) / (1 + nugget), with nugget 0.005.
  for (const double factor : {0.5, 0.97, 1.0, 1.3, 2.0}) {
    CAPTURE(factor);
    const LayerFactors factors(calibration({layer(kShape, factor, 1 / factor)}));
    CHECK(std::log(factors.at(kShape).value) == Approx(std::log(factor) / 1.005).margin(1e-12));
    CHECK(std::log(factors.ends_at(kShape).value) == Approx(-std::log(factor) / 1.005).margin(1e-12));
    CHECK(factors.at(kShape).deviation == Approx(0.2 * std::sqrt(1.005 - 1 / 1.005)));
  }
}

TEST_CASE("measured shapes an octave apart keep their own factors", "[property]") {
  const LayerFactors factors(calibration({layer(kShape, 1.3), layer(with_hidden(2048), 0.8)}));
  CHECK(factors.at(kShape).value == Approx(1.3).epsilon(0.006));
  CHECK(factors.at(with_hidden(2048)).value == Approx(0.8).epsilon(0.006));
}

TEST_CASE("a shape unlike all measured ones takes the roofline's time and is as unsure as stated",
          "[property]") {
  const LayerFactors factors(calibration({layer(kShape, 3)}));
  const LayerFactors::Factor far = factors.at(with_hidden(1 << 20));
  CHECK(far.value == Approx(1));
  CHECK(far.deviation == Approx(0.2 * std::sqrt(1.005)));
}

TEST_CASE("with the distance of a shape its deviation grows and its factor falls back to 1", "[property]") {
  const LayerFactors factors(calibration({layer(kShape, 2)}));
  LayerFactors::Factor before = factors.at(kShape);
  for (const std::int64_t hidden : {1040, 1088, 1152, 1280, 1536, 2048, 4096}) {
    CAPTURE(hidden);
    const LayerFactors::Factor factor = factors.at(with_hidden(hidden));
    CHECK(factor.deviation > before.deviation);
    CHECK(factor.value < before.value);
    CHECK(factor.value > 1);
    before = factor;
  }
}

TEST_CASE("any of the five dimensions tells shapes apart", "[property]") {
  const LayerFactors factors(calibration({layer(kShape, 2)}));
  for (std::int64_t LayerShape::*dimension : {&LayerShape::hidden, &LayerShape::heads, &LayerShape::sequence,
                                              &LayerShape::tensor, &LayerShape::micro_batch}) {
    LayerShape shape = kShape;
    shape.*dimension *= 2;
    CHECK(factors.at(shape).value == Approx(1).epsilon(0.01));
  }
}

TEST_CASE("embedding and head are as the roofline has them where their factor is not stated", "[formula]") {
  const LayerFactors none(calibration({layer(kShape, 2)}));
  CHECK(none.ends_at(kShape).value == 1);
  // The factor of the second shape was fitted as if its ends had 1, so its neighbour's must not reach it.
  const LayerFactors beside(calibration({layer(kShape, 1, 2.0), layer(with_hidden(1088), 1)}));
  CHECK(beside.ends_at(with_hidden(1088)).value == Approx(1).epsilon(0.02));
  CHECK(beside.ends_at(kShape).value == Approx(2).epsilon(0.02));
}
