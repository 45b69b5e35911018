#pragma once

#include <functional>
#include <vector>

namespace stagecraft {

using Point = std::vector<double>;

/// A point near which `f` is least, by the simplex method: `steps` steps from a simplex around `start`, then
/// from a smaller one around the best point found, and once more. Deterministic; about two calls of f a step.
/// It finds a local minimum, and stops by its steps alone. Source: Nelder and Mead, "A Simplex Method for
/// Function Minimization", Computer Journal 7(4), 1965.
Point minimize(Point start, int steps, const std::function<double(const Point&)>& f);

}  // namespace stagecraft
