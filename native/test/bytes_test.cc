#include "tls/bytes.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "testing.h"
#include "tls/bio.h"

namespace onion::test {
namespace {

using tls::ByteQueue;
using tls::ByteView;
using tls::MemoryPipe;
using tls::Sink;

ByteView View(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void QueueKeepsOrderWhileItGrowsAndShrinks() {
  ByteQueue queue;
  std::string model;
  unsigned state = 1;
  for (int i = 0; i < 20000; i++) {
    state = state * 1664525 + 1013904223;
    const size_t count = (state >> 8) % 300;
    if ((state >> 30) % 2 == 0) {
      const std::string piece(count, static_cast<char>(i));
      queue.Append(View(piece));
      model += piece;
    } else {
      const size_t taken = std::min(count, queue.size());
      queue.Consume(taken);
      model.erase(0, taken);
    }
    CHECK(queue.size() == model.size());
    CHECK(queue.empty() == model.empty());
    if (i % 100 == 0) CHECK(Text(queue.view()) == model);
  }
}

void QueueMovesAndSwaps() {
  ByteQueue a;
  a.Append(View("one"));
  ByteQueue b(std::move(a));
  CHECK(Text(b.view()) == "one");
  ByteQueue c;
  c.Append(View("two"));
  c.Swap(b);
  CHECK(Text(b.view()) == "two");
  CHECK(Text(c.view()) == "one");
  c.Clear();
  CHECK(c.empty());
  c.Append(View("three"));
  CHECK(Text(c.view()) == "three");
  c.Release();
  CHECK(c.empty());
}

void QueueTakesNothing() {
  ByteQueue queue;
  queue.Append({});
  queue.Consume(0);
  CHECK(queue.empty());
  CHECK(queue.view().empty());
}

void SinkFillsTheBufferThenQueues() {
  std::array<uint8_t, 5> buffer{};
  Sink sink;
  sink.Attach(buffer);
  sink.Append(View("abc"));
  sink.Append(View("defgh"));
  sink.Append(View("i"));
  CHECK(sink.used() == 5);
  CHECK(Text({buffer.data(), 5}) == "abcde");
  CHECK(Text(sink.queue().view()) == "fghi");
}

void SinkNeverLetsNewBytesPassQueuedOnes() {
  std::array<uint8_t, 8> buffer{};
  Sink sink;
  sink.Append(View("old"));
  sink.Attach(buffer);
  sink.Append(View("new"));
  CHECK(sink.used() == 0);
  CHECK(Text(sink.queue().view()) == "oldnew");
}

void PipeReadsTheSliceAndAsksAgainWhenDry() {
  const tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  Sink sink;
  MemoryPipe pipe{.input = View("hello"), .output = &sink};
  BIO* bio = BIO_new(method.get());
  CHECK(bio != nullptr);
  BIO_set_data(bio, &pipe);
  std::array<char, 3> out{};
  CHECK(BIO_read(bio, out.data(), 3) == 3);
  CHECK(BIO_read(bio, out.data(), 3) == 2);
  CHECK(pipe.input.empty());
  CHECK(BIO_read(bio, out.data(), 3) <= 0);
  CHECK(BIO_should_retry(bio));
  CHECK(BIO_write(bio, "wire", 4) == 4);
  CHECK(Text(sink.queue().view()) == "wire");
  BIO_free(bio);
}

}  // namespace
}  // namespace onion::test

int main(int count, char** arguments) {
  using namespace onion::test;
  return RunTests(
      count, arguments,
      {TEST(QueueKeepsOrderWhileItGrowsAndShrinks), TEST(QueueMovesAndSwaps),
       TEST(QueueTakesNothing), TEST(SinkFillsTheBufferThenQueues),
       TEST(SinkNeverLetsNewBytesPassQueuedOnes),
       TEST(PipeReadsTheSliceAndAsksAgainWhenDry)});
}
