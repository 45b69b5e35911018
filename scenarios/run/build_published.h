#pragma once

#include <optional>
#include <string>
#include <utility>

#include "scenarios/reader/reader.h"

namespace stagecraft {

/// A scenario's published numbers, and the option because of which they are left out, such as
/// "--set pipeline.chunks=1": one of them is empty, or both where nothing was published.
/// What was published holds for the scenario as it was published. An option that changes more than its name,
/// these numbers or the roofline model's constants makes it another one.
/// Throws InputError where the numbers say nothing.
std::pair<std::optional<PublishedSpec>, std::string> published(const ReadScenario& read);

}  // namespace stagecraft
