#ifndef ONION_TLS_TLS_COPY_H_
#define ONION_TLS_TLS_COPY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

// On some processors (AMD's with "rep movsb", which glibc's memcpy uses from
// 2 KiB on) a copy to an address that lies a few bytes behind its source,
// modulo the page size, takes twenty times as long: each load is mistaken for
// one that depends on the store before it. Buffers of like sizes have like
// addresses, so that a connection may be struck for all its life.
namespace onion::tls {

inline constexpr size_t kPage = 4096;
inline constexpr size_t kSlowFrom = 2048;

// Whether memcpy would be slow; with room for the header that OpenSSL leaves
// before a record's content.
inline bool CopiesSlowly(const uint8_t* to, const uint8_t* from) {
  constexpr size_t kBefore = 16;
  constexpr size_t kWindow = 64;
  const size_t distance =
      reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from);
  return (distance + kBefore) % kPage < kWindow;
}

// memcpy in pieces from the end: no load follows a store that it could be
// mistaken to depend on.
inline void Copy(uint8_t* to, const uint8_t* from, size_t count) {
  constexpr size_t kPiece = 1024;
  if (count < kSlowFrom || !CopiesSlowly(to, from)) {
    if (count > 0) std::memcpy(to, from, count);
    return;
  }
  size_t left = count - count % kPiece;
  std::memcpy(to + left, from + left, count - left);
  for (; left > 0; left -= kPiece) {
    std::memcpy(to + left - kPiece, from + left - kPiece, kPiece);
  }
}

// A record's worth of memory for content that OpenSSL would copy slowly to or
// from where it is.
class Detour {
 public:
  static constexpr size_t kSize = 16384;

  // The part of it that is half a page away from an address, modulo the page
  // size.
  std::span<uint8_t> AwayFrom(const uint8_t* address) {
    const size_t wanted = reinterpret_cast<uintptr_t>(address) + (kPage / 2);
    const auto start = reinterpret_cast<uintptr_t>(memory_);
    return {memory_ + (wanted - start) % kPage, kSize};
  }

 private:
  uint8_t memory_[kSize + kPage];
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_COPY_H_
