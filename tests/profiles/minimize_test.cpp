#include "profiles/minimize.h"

#include <catch2/catch.hpp>

#include <cmath>

using namespace stagecraft;

namespace {

/// Rosenbrock, "An Automatic Method for Finding the Greatest or Least Value of a Function", Computer Journal
/// 3(3), 1960: a bent valley, least at (1, 1).
double rosenbrock(const Point& x) {
  const double across = x[1] - x[0] * x[0], along = 1 - x[0];
  return 100 * across * across + along * along;
}

/// Least at (1, -2, 3).
double bowl(const Point& x) {
  const double a = x[0] - 1, b = x[1] + 2, c = x[2] - 3;
  return a * a + 10 * b * b + 0.1 * c * c + a * b;
}

}  // namespace

TEST_CASE("the simplex follows a bent valley to its end", "[formula]") {
  const Point x = minimize({-1.2, 1}, 200, rosenbrock);
  CHECK(x[0] == Approx(1).epsilon(1e-6));
  CHECK(x[1] == Approx(1).epsilon(1e-6));
}

TEST_CASE("the bottom of a bowl in three dimensions is found", "[formula]") {
  const Point x = minimize({0, 0, 0}, 200, bowl);
  CHECK(x[0] == Approx(1).epsilon(1e-6));
  CHECK(x[1] == Approx(-2).epsilon(1e-6));
  CHECK(x[2] == Approx(3).epsilon(1e-6));
}

TEST_CASE("a kink is no hindrance", "[formula]") {
  const auto absolute = [](const Point& x) { return std::abs(x[0] - 0.7) + 3 * std::abs(x[1] + 0.2); };
  const Point x = minimize({0, 0}, 200, absolute);
  CHECK(x[0] == Approx(0.7).epsilon(1e-6));
  CHECK(x[1] == Approx(-0.2).epsilon(1e-6));
}

TEST_CASE("the same search ends in the same point after about two calls a step", "[property]") {
  int calls = 0;
  const auto counted = [&](const Point& x) {
    ++calls;
    return rosenbrock(x);
  };
  const Point first = minimize({-1.2, 1}, 50, counted);
  CHECK(calls > 3 * 50);
  CHECK(calls < 2.2 * 3 * 50);
  CHECK(minimize({-1.2, 1}, 50, counted) == first);
}

TEST_CASE("more steps are never worse and none are no worse than the start", "[property]") {
  double before = rosenbrock({-1.2, 1});
  for (const int steps : {0, 5, 20, 80}) {
    CAPTURE(steps);
    const double least = rosenbrock(minimize({-1.2, 1}, steps, rosenbrock));
    CHECK(least <= before);
    before = least;
  }
}
