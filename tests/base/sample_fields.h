#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

/// A small scenario that has every type of member that field records know.
namespace stagecraft::sample {

enum class Recompute { None, Selective, Full };

struct Pipeline {
  std::int64_t stages = 0;
  int chunks = 1;
  std::string schedule = "1f1b";
  Recompute recompute = Recompute::None;
  bool overlap = true;
  bool operator==(const Pipeline&) const = default;
};

struct Costs {
  OneOrMany<Duration> forward;
  OneOrMany<Duration> backward{std::chrono::milliseconds(2)};
  Duration transfer{5000};
  double jitter = 0;
  std::optional<double> efficiency;
  bool operator==(const Costs&) const = default;
};

struct Link {
  std::string name;
  ByteRate bandwidth;
  std::optional<FlopRate> peak;
  Flops work{1e12};
  Bytes memory{std::int64_t{80} << 30};
  bool operator==(const Link&) const = default;
};

struct Scenario {
  std::string name;
  Pipeline pipeline;
  std::optional<Costs> costs;
  std::vector<Link> links;
  std::vector<std::int64_t> layers{1, 2};
  OneOrMany<Link> nodes;
  bool operator==(const Scenario&) const = default;
};

inline std::vector<std::string_view> schedule_names() {
  return {"gpipe", "1f1b", "zb-h1"};
}

}  // namespace stagecraft::sample

namespace stagecraft {

template <>
struct EnumNames<sample::Recompute> {
  using enum sample::Recompute;
  static constexpr std::array all{EnumName<sample::Recompute>{None, "none"},
                                  EnumName<sample::Recompute>{Selective, "selective"},
                                  EnumName<sample::Recompute>{Full, "full"}};
};

template <>
struct Fields<sample::Pipeline> {
  using T = sample::Pipeline;
  static constexpr std::string_view name = "pipeline";
  static constexpr auto all = std::tuple{
      field("stages", &T::stages, "pipeline ranks p").min(1).max(4096).required(),
      field("chunks", &T::chunks, "chunks v of a rank").min(1),
      field("schedule", &T::schedule, "order of the ops").one_of(sample::schedule_names),
      field("recompute", &T::recompute, "activations computed again in backward"),
      field("overlap", &T::overlap, "transfers run beside compute"),
  };
};

template <>
struct Fields<sample::Costs> {
  using T = sample::Costs;
  static constexpr std::string_view name = "costs";
  static constexpr auto all = std::tuple{
      field("forward", &T::forward, "forward of one micro-batch").example("5 ms").required(),
      field("backward", &T::backward, "both gradients").positive(),
      field("transfer", &T::transfer, "one hop").max(std::chrono::seconds(1)),
      field("jitter", &T::jitter, "relative deviation").min(0).max(0.5),
      field("efficiency", &T::efficiency, "share of the peak").positive().max(1),
  };
};

template <>
struct Fields<sample::Link> {
  using T = sample::Link;
  static constexpr std::string_view name = "link";
  static constexpr auto all = std::tuple{
      field("name", &T::name, "name in reports"),
      field("bandwidth", &T::bandwidth, "bytes per second"),
      field("peak", &T::peak, "peak rate"),
      field("work", &T::work, "operations"),
      field("memory", &T::memory, "device memory").min(Bytes{1 << 30}),
  };
};

template <>
struct Fields<sample::Scenario> {
  using T = sample::Scenario;
  static constexpr std::string_view name = "scenario";
  static constexpr auto all = std::tuple{
      field("name", &T::name, "title of the report"),
      field("pipeline", &T::pipeline, "the pipeline").required(),
      field("costs", &T::costs, "what ops cost"),
      field("links", &T::links, "links between nodes"),
      field("layers", &T::layers, "layers of each stage").min(0),
      field("nodes", &T::nodes, "node types"),
  };
};

}  // namespace stagecraft
