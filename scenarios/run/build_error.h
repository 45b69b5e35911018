#pragma once

#include "models/model_error.h"
#include "scenarios/reader/reader.h"

namespace stagecraft {

/// The error at the key that wrote the setting to blame: a model's "heads" may stand in `model.transformer`,
/// come with `model.preset`, or from a configuration file. Where no key wrote it: at the nearest section.
InputError at_setting(const ReadScenario& read, const ModelError& error);

}  // namespace stagecraft
