#pragma once

#include <string>

#include "scenarios/cli/options.h"

namespace stagecraft {

/// The program that measures; of its own, so that nothing else needs CUDA's libraries. Throws InputError
/// where it was not built.
std::string profiler_program();

/// The library that CUDA loads into a program to trace it. Throws InputError where it was not built.
std::string attach_library();

/// Throws InputError with what is missing and what to do where `device` cannot be measured.
void expect_device(const std::string& program, std::int64_t device);

/// `stagecraft profile` with its options, as it stands in the header of what it writes.
std::string profile_words(const Arguments& arguments);

}  // namespace stagecraft
