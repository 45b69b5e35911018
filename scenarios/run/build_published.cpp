#include "scenarios/run/build_published.h"

namespace stagecraft {

namespace {

void require_numbers(const ReadScenario& read, const PublishedSpec& spec) {
  if (!spec.makespan && !spec.bubble_over_makespan && !spec.bubble_over_span)
    throw error_at(
        *read.root, "published",
        "'published' needs a number beside its source: makespan, bubble_over_makespan or bubble_over_span");
  if (spec.makespan == Duration{0})
    throw error_at(*read.root, "published.makespan", "'published.makespan' must be more than 0");
}

bool is_in(std::string_view key, std::string_view section) {
  return key.starts_with(section) && (key.size() == section.size() || key[section.size()] == '.');
}

/// What may change: how the simulation is called and calibrated, not what is simulated.
bool keeps_published(std::string_view key) {
  return is_in(key, "name") || is_in(key, "published") || is_in(key, "costs.roofline");
}

/// The option that a place comes from, if it makes the scenario another one.
const Origin* change_at(const Place& place) {
  const Origin* origin = place.origin.get();
  return origin && origin->is_option && !keeps_published(origin->option_key) ? origin : nullptr;
}

/// The first such option in the order of the scenario.
const Origin* change_in(const Node& node) {
  if (const Origin* change = change_at(node.place)) return change;
  for (const NodePtr& item : node.items)
    if (const Origin* change = change_in(*item)) return change;
  for (const MapEntry& entry : node.entries) {
    if (const Origin* change = change_at(entry.key_place)) return change;
    if (const Origin* change = change_in(*entry.value)) return change;
  }
  return nullptr;
}

}  // namespace

std::pair<std::optional<PublishedSpec>, std::string> published(const ReadScenario& read) {
  const std::optional<PublishedSpec>& spec = read.scenario.published;
  if (!spec) return {};
  require_numbers(read, *spec);
  if (const Origin* change = change_in(*read.root)) return {std::nullopt, change->name};
  return {spec, {}};
}

}  // namespace stagecraft
