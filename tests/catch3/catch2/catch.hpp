// Catch2 3 under the name of Catch2 2's header, so that tests are written once for both.
#pragma once

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>

using Catch::Approx;
