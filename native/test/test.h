// A test framework in a page: TEST(name) { CHECK(...); } prints TAP, which `tap` shows as subtests.
// `core_test [part of a name]` runs the tests whose names contain that part.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace test {

struct Case {
  std::string name;
  std::function<void()> body;
};
std::vector<Case>& cases();
void fail(const char* file, int line, const std::string& what);  // records; the test goes on
void skip(const std::string& why);                               // marks the running test as skipped
std::string fixtures();   // test/fixtures/ of the repository, or INFOMOTION_FIXTURES
std::string reference();  // ../shared/reference/ or INFOMOTION_REFERENCE; "" if absent

struct Register {
  Register(const char* name, std::function<void()> body) { cases().push_back({name, std::move(body)}); }
};

}  // namespace test

#define TEST_CONCAT2(a, b) a##b
#define TEST_CONCAT(a, b) TEST_CONCAT2(a, b)
#define TEST(name)                                                                                      \
  static void TEST_CONCAT(test_body_, __LINE__)();                                                      \
  static test::Register TEST_CONCAT(test_register_, __LINE__)(name, TEST_CONCAT(test_body_, __LINE__)); \
  static void TEST_CONCAT(test_body_, __LINE__)()
#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) test::fail(__FILE__, __LINE__, #condition); \
  } while (0)
#define CHECK_NEAR(a, b, tolerance)                                                                         \
  do {                                                                                                      \
    const double a_ = (a), b_ = (b);                                                                        \
    if (!(std::fabs(a_ - b_) <= (tolerance)))                                                               \
      test::fail(__FILE__, __LINE__,                                                                        \
                 std::string(#a " = ") + std::to_string(a_) + ", expected " + std::to_string(b_) + " +- " + \
                     std::to_string(tolerance));                                                            \
  } while (0)
