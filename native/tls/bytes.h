#ifndef ONION_TLS_TLS_BYTES_H_
#define ONION_TLS_TLS_BYTES_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "tls/copy.h"

namespace onion::tls {

using ByteView = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline std::string ToString(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A growing run of bytes that is consumed from the front. Unlike std::vector
// it does not fill what it reserves with zeros, which costs as much as a layer
// of encryption on this path.
class ByteQueue {
 public:
  ByteQueue() = default;
  ~ByteQueue() { std::free(data_); }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  ByteQueue(ByteQueue&& other) noexcept { Swap(other); }
  ByteQueue& operator=(ByteQueue&& other) noexcept {
    Swap(other);
    return *this;
  }

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] size_t size() const { return end_ - begin_; }
  [[nodiscard]] ByteView view() const { return {data_ + begin_, size()}; }

  void Append(ByteView bytes) {
    if (bytes.empty()) return;
    Reserve(bytes.size());
    assert(data_ != nullptr);
    Copy(data_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  void Consume(size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Empties the queue; gives memory back where an idle connection would hold
  // on to it.
  void Clear() {
    begin_ = end_ = 0;
    if (capacity_ > kKeptWhenEmpty) Release();
  }

  void Release() {
    std::free(data_);
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }

  void Swap(ByteQueue& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr size_t kKeptWhenEmpty = 0;

  void Reserve(size_t extra) {
    if (capacity_ - end_ >= extra) return;
    if (begin_ > 0) {
      std::memmove(data_, data_ + begin_, size());
      end_ -= begin_;
      begin_ = 0;
    }
    if (capacity_ - end_ >= extra) return;
    size_t wanted = capacity_ == 0 ? 512 : capacity_ * 2;
    while (wanted - end_ < extra) wanted *= 2;
    void* grown = std::realloc(data_, wanted);
    if (grown == nullptr) std::abort();
    data_ = static_cast<uint8_t*>(grown);
    capacity_ = wanted;
  }

  uint8_t* data_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

// Where sealed bytes go.
class Outlet {
 public:
  virtual void Append(ByteView bytes) = 0;

 protected:
  ~Outlet() = default;
};

// An outlet into a buffer of the caller's while there is room, behind it into a
// queue.
class Sink final : public Outlet {
 public:
  void Attach(MutableBytes buffer) {
    buffer_ = buffer;
    used_ = 0;
  }
  void Detach() { Attach({}); }

  void Append(ByteView bytes) override {
    const size_t room = queue_.empty() ? buffer_.size() - used_ : 0;
    const size_t direct = bytes.size() < room ? bytes.size() : room;
    if (direct > 0) {
      Copy(buffer_.data() + used_, bytes.data(), direct);
      used_ += direct;
    }
    queue_.Append(bytes.subspan(direct));
  }

  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] ByteQueue& queue() { return queue_; }

 private:
  MutableBytes buffer_;
  size_t used_ = 0;
  ByteQueue queue_;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_BYTES_H_
