#include "models/layout.h"

#include <catch2/catch.hpp>

#include <numeric>
#include <stdexcept>
#include <string>

using namespace stagecraft;

TEST_CASE("layouts of Megatron-LM are layers by stage", "[formula]") {
  CHECK(layers_of_layout("E|tt|tL") == std::vector{0, 2, 1});
  CHECK(layers_of_layout("Et*3|(tt|)*2,t|L") == std::vector{3, 2, 2, 1, 0});
  CHECK(layers_of_layout("E||t|L") == std::vector{0, 0, 1, 0});  // the guide's own: an empty stage
  CHECK(layers_of_layout("Ett|(tt|)*6L") == std::vector{2, 2, 2, 2, 2, 2, 2, 0});
  CHECK(layers_of_layout("Et|(t|)*30tL").size() == 32);
  CHECK(layers_of_layout("E, t t |*2 tL") == std::vector{2, 0, 1});
  CHECK(layers_of_layout("E(t, |) *2 t,*8L") == std::vector{1, 1, 8});
  CHECK(layers_of_layout("EttL") == std::vector{2});
  // DeepSeek-V3's of the guide, PP16 and VPP2, without the layer that predicts further tokens.
  const std::vector<int> deepseek = layers_of_layout("Et*3|(tt|)*29|L");
  CHECK(deepseek.size() == 32);
  CHECK(std::accumulate(deepseek.begin(), deepseek.end(), 0) == 61);
}

TEST_CASE("layouts that cannot be say why", "[error]") {
  const auto error = [](const char* text) -> std::string {
    try {
      layers_of_layout(text);
    } catch (const std::invalid_argument& found) {
      return found.what();
    }
    return "";
  };
  CHECK(error("") == "E must stand once, in the first stage");
  CHECK(error("t|EL") == "E must stand once, in the first stage");
  CHECK(error("E|L|t") == "L must stand once, in the last stage");
  CHECK(error("E|L*2") == "L must stand once, in the last stage");
  CHECK(error("E|(t|)*10m|m|m|LL|LL") ==
        "'m' is a layer that predicts further tokens; models here have none");
  CHECK(error("E(t|L") == "the group at character 2 has no end");
  CHECK(error("E(t(t|)*2)*3L") == "groups in groups are not allowed");
  CHECK(error("Et)L") == "the ')' at character 3 has no '('");
  CHECK(error("*3EtL") == "the '*' at character 1 has nothing to repeat");
  CHECK(error("E(*3t)L") == "the '*' at character 3 has nothing to repeat");
  CHECK(error("Et*0L") == "the '*' at character 3 needs a number from 1 to 1048576");
  CHECK(error("Et*99999999999999999999L") == "the '*' at character 3 needs a number from 1 to 1048576");
  CHECK(error("E(t*1048576)*1048576L") == "it has more than 1048576 layers and stages");
}
