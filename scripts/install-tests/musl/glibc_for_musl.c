// Lets Debian's libstdc++, which is made for glibc, run on musl, so that a Node
// for musl can be started here: what glibc has of its own and musl lacks. It is
// preloaded into that Node by the installation tests and is part of no product.

#define _GNU_SOURCE
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;

// Asked by libgcc; all zeros say that the processor has nothing special.
unsigned int __cpu_model[4];
int __cpu_indicator_init(void) { return 0; }

// Nothing is unwound: Node does without exceptions.
int _dl_find_object(void* address, void* result) {
  (void)address;
  (void)result;
  return -1;
}

// The destructors of a thread's objects are left out: the process ends soon.
int __cxa_thread_atexit_impl(void (*function)(void*), void* object,
                             void* library) {
  (void)function;
  (void)object;
  (void)library;
  return 0;
}

uint32_t arc4random(void) {
  uint32_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
  return value;
}

size_t __strftime_l(char* text, size_t size, const char* format,
                    const struct tm* time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}

// A locale as libstdc++ looks into it, whose start musl can read as its own.
struct Locale {
  void* categories[13];
  const unsigned short* classes;
  const int32_t* lower;
  const int32_t* upper;
  const char* names[13];
};

const unsigned short** __ctype_b_loc(void);
const int32_t** __ctype_tolower_loc(void);
const int32_t** __ctype_toupper_loc(void);

locale_t __newlocale(int mask, const char* name, locale_t base) {
  (void)base;
  const locale_t own = newlocale(mask, name, (locale_t)0);
  if (own == (locale_t)0) return own;
  struct Locale* locale = calloc(1, sizeof *locale);
  if (locale == NULL) return (locale_t)0;
  memcpy(locale, (const void*)own, 6 * sizeof(void*));
  locale->classes = *__ctype_b_loc();
  locale->lower = *__ctype_tolower_loc();
  locale->upper = *__ctype_toupper_loc();
  for (int index = 0; index < 13; ++index) locale->names[index] = "C";
  return (locale_t)locale;
}

locale_t __duplocale(locale_t locale) { return locale; }
void __freelocale(locale_t locale) { (void)locale; }

// Newer than Debian 12's libstdc++: the part of std::string::replace where the
// new text lies inside the string itself.
void ReplaceCold(void* self, char* place, size_t old_length, const char* text, size_t new_length, size_t rest) __asm__(
    "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_"
    "coldEPcmPKcmm");

void ReplaceCold(void* self, char* place, size_t old_length, const char* text,
                 size_t new_length, size_t rest) {
  (void)self;
  char* copy = malloc(new_length + 1);
  if (copy == NULL) abort();
  memcpy(copy, text, new_length);
  memmove(place + new_length, place + old_length, rest);
  memcpy(place, copy, new_length);
  free(copy);
}
