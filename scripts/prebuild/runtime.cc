// Stands in for the parts of the C++ library that report errors by throwing,
// in the binaries that link it statically. The addon is compiled without
// exceptions, so throwing would end the process anyway; ending it here leaves
// the unwinder, the demangler and their texts out of the binary.

#include <cstdlib>
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>

namespace {

void* Allocate(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

extern "C" {
[[noreturn]] void __cxa_pure_virtual() { std::abort(); }
// No frame of the addon is ever unwound.
int __gxx_personality_v0(...) { std::abort(); }
}

#ifdef __GLIBCXX__
namespace std {
void __throw_bad_alloc() { abort(); }
void __throw_bad_array_new_length() { abort(); }
void __throw_bad_function_call() { abort(); }
void __throw_length_error(const char*) { abort(); }
void __throw_logic_error(const char*) { abort(); }
void __throw_out_of_range_fmt(const char*, ...) { abort(); }
}  // namespace std
#endif

#ifdef _LIBCPP_VERSION
// libc++abi's own handler prints the demangled name of what was thrown.
extern "C" {
std::terminate_handler __cxa_terminate_handler = std::abort;
void (*__cxa_unexpected_handler)() = std::abort;
std::new_handler __cxa_new_handler = nullptr;
}
_LIBCPP_BEGIN_NAMESPACE_STD
void __libcpp_verbose_abort(const char*, ...) { abort(); }
_LIBCPP_END_NAMESPACE_STD
#endif
