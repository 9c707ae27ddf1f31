#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "test.h"

namespace test {
namespace {
std::vector<std::string> failures;
std::string skipped;
}  // namespace

std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}
void fail(const char* file, int line, const std::string& what) {
  failures.push_back(std::string(file) + ":" + std::to_string(line) + ": " + what);
}
void skip(const std::string& why) { skipped = why; }

std::string fixtures() {
  if (const char* path = std::getenv("INFOMOTION_FIXTURES")) return std::string(path) + "/";
  return std::string(INFOMOTION_ROOT) + "/test/fixtures/";
}
std::string reference() {
  std::string path = std::string(INFOMOTION_ROOT) + "/../shared/reference";
  if (const char* given = std::getenv("INFOMOTION_REFERENCE")) path = given;
  return std::filesystem::exists(path) ? path + "/" : "";
}
}  // namespace test

int main(int argc, char** argv) {
  const std::string part = argc > 1 ? argv[1] : "";
  int count = 0, failed = 0;
  std::printf("TAP version 14\n");
  for (const auto& c : test::cases()) {
    if (c.name.find(part) == std::string::npos) continue;
    test::failures.clear();
    test::skipped.clear();
    c.body();
    const bool ok = test::failures.empty();
    std::printf("%sok %d - %s%s%s\n", ok ? "" : "not ", ++count, c.name.c_str(),
                test::skipped.empty() ? "" : " # SKIP ", test::skipped.c_str());
    for (const auto& f : test::failures) std::printf("# %s\n", f.c_str());
    std::fflush(stdout);
    if (!ok) ++failed;
  }
  std::printf("1..%d\n", count);
  return failed || count == 0 ? 1 : 0;
}
