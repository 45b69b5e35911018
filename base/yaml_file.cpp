#include "base/file.h"
#include "base/yaml.h"

namespace stagecraft {

NodePtr read_yaml_file(const std::string& path, const YamlLimits& limits) {
  return parse_yaml(read_file(path, limits.bytes), path, limits);
}

}  // namespace stagecraft
