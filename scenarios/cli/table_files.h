#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/output.h"
#include "profiles/raw_rows.h"

namespace stagecraft {

/// The files that a table goes to: FILE the table that cost models read, FILE.rows.csv all rows; where FILE
/// ends in .csv, only the rows.
class TableFiles {
 public:
  /// Opens them. Throws UsageError (`command` names itself) where there is no name, or where one of `inputs`
  /// would be overwritten.
  TableFiles(const std::string& path, const std::vector<std::string>& inputs, const std::string& command);

  /// Puts the files in place. Where no table can be made of the rows (no kernels that cost models know, no
  /// such device in the catalog), the rows alone, and throws InputError that says so.
  void write(const RawRows& rows);

  /// For people: "t.yaml and t.yaml.rows.csv".
  std::string names() const;

 private:
  std::string path_;
  std::string rows_path_;
  std::optional<OutputFile> rows_;
  std::optional<OutputFile> table_;
};

/// Throws UsageError where `path`, the value of `option`, is one of the files that are read.
void expect_not_overwritten(const std::string& option, const std::string& path,
                            const std::vector<std::string>& inputs);

}  // namespace stagecraft
