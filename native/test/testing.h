#ifndef ONION_TLS_TEST_TESTING_H_
#define ONION_TLS_TEST_TESTING_H_

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

// The smallest runner that does: a test is a function, the first check that
// does not hold ends the process with the line it stands in.
namespace onion::test {

struct Test {
  const char* name;
  void (*run)();
};

[[noreturn]] inline void Fail(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::_Exit(1);
}

// With an argument, only the test of that name.
inline int RunTests(int count, char** arguments,
                    std::initializer_list<Test> tests) {
  for (const Test& test : tests) {
    if (count > 1 && std::string_view(arguments[1]) != test.name) continue;
    std::fprintf(stderr, "%s\n", test.name);
    test.run();
  }
  return 0;
}

}  // namespace onion::test

#define CHECK(condition) \
  ((condition) ? (void)0 : ::onion::test::Fail(__FILE__, __LINE__, #condition))

#define TEST(function) \
  ::onion::test::Test { #function, function }

#endif  // ONION_TLS_TEST_TESTING_H_
