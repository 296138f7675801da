// A chain against a chain, in memory: what must hold at any depth and however
// the transport cuts the bytes.
#include "tls/chain.h"

#include <random>
#include <string>
#include <thread>

#include "peers.h"
#include "testing.h"

namespace onion::test {
namespace {

using tls::Event;

constexpr size_t kDepth = 5;

std::string Pattern(size_t length, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(length, '\0');
  for (char& each : text) each = static_cast<char>(random());
  return text;
}

void Exchange(Pair* pair, size_t length) {
  const std::string there = Pattern(length, 1);
  const std::string back = Pattern(length, 2);
  pair->left().Send(there);
  pair->right().Send(back);
  pair->Settle();
  CHECK(pair->right().TakePlaintext() == there);
  CHECK(pair->left().TakePlaintext() == back);
}

void UpAndDown(Cut cut, size_t length) {
  const Credentials odd = NewCredentials();
  const Credentials even = NewCredentials(TLS1_2_VERSION, TLS1_2_VERSION);
  Pair pair(cut);
  Exchange(&pair, length);
  for (size_t depth = 1; depth <= kDepth; depth++) {
    // Versions and roles change from layer to layer.
    pair.Push(depth % 2 == 1 ? odd : even, depth == 3);
    pair.Settle();
    CHECK(pair.left().established() == depth);
    CHECK(pair.right().established() == depth);
    Exchange(&pair, length);
  }
  for (size_t depth = kDepth; depth > 0; depth--) {
    (depth % 2 == 1 ? pair.left() : pair.right()).Stop();
    pair.Settle();
    CHECK(pair.left().established() == depth - 1);
    CHECK(pair.right().established() == depth - 1);
    CHECK(pair.left().chain().size() == depth - 1);
    Exchange(&pair, length);
  }
  CHECK(!pair.left().failed());
  CHECK(!pair.right().failed());
  CHECK(pair.left().chain().held() == 0);
}

void GoesFiveDeepAndBack() { UpAndDown({}, 100000); }
void GoesFiveDeepAndBackByteByByte() { UpAndDown({.most = 1}, 2000); }
void GoesFiveDeepAndBackInRandomPieces() {
  UpAndDown({.most = 3000, .random = true}, 100000);
}

void AllLayersAtOnceNeedNoWaiting() {
  const Credentials credentials = NewCredentials();
  Pair pair;
  for (size_t i = 0; i < kDepth; i++) pair.Push(credentials);
  pair.Settle();
  CHECK(pair.left().established() == kDepth);
  CHECK(pair.right().established() == kDepth);
  Exchange(&pair, 50000);
}

// The inner ClientHello travels with the outer Finished.
void LayersTakeOneRoundTripEach() {
  const Credentials credentials = NewCredentials(TLS1_3_VERSION);
  Pair pair;
  for (size_t i = 0; i < kDepth; i++) pair.Push(credentials);
  size_t flights = 0;
  while (pair.left().established() < kDepth) {
    pair.Carry(&pair.left(), &pair.right());
    pair.Carry(&pair.right(), &pair.left());
    flights++;
  }
  CHECK(flights == kDepth);
}

void BytesBehindCloseNotifyBelongToTheLayerBelow() {
  const Credentials credentials = NewCredentials();
  for (size_t depth = 1; depth <= kDepth; depth++) {
    Pair pair;
    for (size_t i = 0; i < depth; i++) pair.Push(credentials);
    pair.Settle();
    pair.left().Send("inside");
    pair.left().Stop();
    // The write half is closed, so this goes to the layer below, and all of it
    // travels as one piece.
    pair.left().Send("below");
    pair.Carry(&pair.left(), &pair.right());
    CHECK(pair.right().TakePlaintext() == "insidebelow");
    CHECK(pair.right().chain().size() == depth - 1);
    pair.Settle();
    CHECK(pair.left().chain().size() == depth - 1);
    CHECK(pair.left().TakePlaintext().empty());
  }
}

void BothStopAtOnceWithDataInFlight() {
  const Credentials credentials = NewCredentials();
  Pair pair;
  for (size_t i = 0; i < kDepth; i++) pair.Push(credentials);
  pair.Settle();
  const std::string data = Pattern(1 << 20, 3);
  pair.left().Send(data);
  pair.right().Send(data);
  pair.left().Stop();
  pair.right().Stop();
  pair.Settle();
  CHECK(pair.left().TakePlaintext() == data);
  CHECK(pair.right().TakePlaintext() == data);
  CHECK(pair.left().chain().size() == kDepth - 1);
  CHECK(pair.right().chain().size() == kDepth - 1);
  Exchange(&pair, 1000);
}

void AnUnansweredStopLeavesTheOtherHalfOpen() {
  const Credentials credentials = NewCredentials();
  Pair pair;
  pair.Push(credentials);
  pair.Push(credentials);
  pair.Settle();
  pair.right().answers_stop = false;
  pair.left().Stop();
  pair.Settle();
  CHECK(pair.right().peer_stops() == 1);
  pair.right().Send("still inside");
  pair.Settle();
  CHECK(pair.left().TakePlaintext() == "still inside");
  CHECK(pair.left().chain().size() == 2);
}

void CorruptionFailsThatLayerAndTellsThePeer() {
  const Credentials credentials = NewCredentials();
  for (size_t depth = 1; depth <= kDepth; depth++) {
    Pair pair;
    for (size_t i = 0; i < depth; i++) pair.Push(credentials);
    pair.Settle();
    pair.left().Send("payload");
    std::string wire = pair.left().TakeWire();
    wire.back() = static_cast<char>(wire.back() ^ 1);
    pair.right().Receive(BytesOf(wire));
    CHECK(pair.right().failed());
    CHECK(pair.right().failed_layer() == 0);
    CHECK(pair.right().TakePlaintext().empty());
    const tls::Failure& failure = pair.right().chain().engine(0)->failure();
    CHECK(!failure.handshaking);
    CHECK(!failure.entries.empty());
    CHECK(failure.has_alert && !failure.alert.received);
    // The alert has been sealed and the peer understands it.
    pair.Carry(&pair.right(), &pair.left());
    CHECK(pair.left().failed());
    CHECK(pair.left().failed_layer() == 0);
    CHECK(pair.left().chain().engine(0)->failure().alert.received);
  }
}

void NonsenseInsideFailsTheInnerLayerOnly() {
  const Credentials credentials = NewCredentials();
  for (size_t depth = 1; depth < kDepth; depth++) {
    Pair pair;
    for (size_t i = 0; i < depth; i++) pair.Push(credentials);
    pair.Settle();
    // A layer that only one side has started.
    pair.right().Push(credentials.context.get(), ServerOptions());
    pair.left().Send("GET / HTTP/1.1\r\n\r\n");
    pair.Carry(&pair.left(), &pair.right());
    CHECK(pair.right().failed());
    CHECK(pair.right().failed_layer() == depth);
    const tls::Engine& engine = *pair.right().chain().engine(depth);
    CHECK(engine.failure().handshaking);
    CHECK(engine.received()[0] == 'G');
    // The inner alert is application data for the layer below.
    pair.Carry(&pair.right(), &pair.left());
    CHECK(!pair.left().failed());
  }
}

void RandomGarbageNeverEstablishesAnything() {
  const Credentials credentials = NewCredentials();
  for (unsigned seed = 0; seed < 300; seed++) {
    Pair pair;
    for (size_t i = 0; i < 1 + seed % 3; i++) pair.Push(credentials);
    std::string garbage = Pattern(1 + seed * 7 % 2000, seed);
    // Half of it looks like a record, so that it gets past the header.
    if (seed % 2 == 0) garbage.insert(0, "\x16\x03\x01\x00\x40\x01", 6);
    pair.right().Receive(BytesOf(garbage));
    CHECK(pair.right().established() == 0);
    pair.left().Receive(BytesOf(garbage));
    CHECK(pair.left().established() == 0);
  }
}

// Every byte of a two-layer handshake flipped, one at a time.
void AFlippedByteNeverGoesUnnoticed() {
  const Credentials credentials = NewCredentials();
  for (size_t position = 0; position < 4000; position += 13) {
    Pair pair({.most = 1000});
    pair.Push(credentials);
    pair.Push(credentials);
    size_t carried = 0;
    bool flipped = false;
    while (!pair.left().failed() && !pair.right().failed()) {
      const bool to_right = !pair.left().chain().wire().empty();
      Side& from = to_right ? pair.left() : pair.right();
      Side& to = to_right ? pair.right() : pair.left();
      std::string wire = from.TakeWire();
      if (wire.empty()) break;
      if (position >= carried && position < carried + wire.size()) {
        wire[position - carried] ^= 0x20;
        flipped = true;
      }
      carried += wire.size();
      to.Receive(BytesOf(wire));
    }
    if (!flipped) return;
    // Waiting for more (a length grew) is fine; going through is not, unless
    // what was flipped was only TLS 1.3's middlebox decoration.
    const bool failed = pair.left().failed() || pair.right().failed();
    const bool through = !failed && pair.left().established() == 2 &&
                         pair.right().established() == 2;
    if (!through) continue;
    pair.left().Send("still the same bytes");
    pair.Settle();
    CHECK(pair.right().TakePlaintext() == "still the same bytes");
  }
}

void TruncatedAnywhereItWaits() {
  const Credentials credentials = NewCredentials();
  Pair recorded;
  recorded.Push(credentials);
  const std::string hello = recorded.left().TakeWire();
  for (size_t length = 0; length < hello.size(); length++) {
    Pair pair;
    pair.Push(credentials);
    pair.right().Receive(BytesOf(std::string_view(hello).substr(0, length)));
    CHECK(!pair.right().failed());
    CHECK(pair.right().established() == 0);
    CHECK(pair.right().TakeWire().empty());
  }
}

void AHandshakeThatNeverEndsIsBounded() {
  const Credentials credentials = NewCredentials();
  const tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  Side side(method.get());
  tls::EngineOptions options = ServerOptions();
  options.max_handshake_bytes = 1000;
  side.Push(credentials.context.get(), options);
  // A ClientHello that announces more than is allowed, in small records.
  std::string piece("\x16\x03\x01\x00\x80", 5);
  std::string body("\x01\x01\x00\x00\x03\x03", 6);
  body.resize(0x80, 'x');
  size_t fed = 0;
  while (!side.failed() && fed < 100000) {
    side.Receive(BytesOf(piece + body));
    fed += piece.size() + body.size();
    body.assign(0x80, 'x');
  }
  CHECK(side.failed());
  CHECK(fed < 2000);
  CHECK(!side.chain().engine(0)->failure().limit.empty());
}

void WhatWasNotReadBelongsToTheNextLayer() {
  const Credentials credentials = NewCredentials();
  Pair pair;
  pair.Push(credentials);
  const std::string hello = pair.left().TakeWire();
  const tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  Side late(method.get());
  late.Push(credentials.context.get(), ServerOptions());
  late.chain().Hold(0, BytesOf(hello));
  late.Receive({});
  CHECK(!late.failed());
  CHECK(!late.TakeWire().empty());
}

// The engine leaves with its errand, runs on another thread and comes back.
void AHandshakeStepRunsOnAnotherThread() {
  const Credentials credentials = NewCredentials();
  const tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  Side client(method.get());
  client.Push(credentials.context.get(), ClientOptions());

  tls::Workspace workspace;
  tls::Chain server(&workspace);
  tls::EngineOptions options = ServerOptions();
  options.offload = true;
  server.Push(tls::Engine::Create(credentials.context.get(), method.get(),
                                  std::move(options)));
  server.Start(0);
  bool established = false;
  for (int turn = 0; turn < 10 && !established; turn++) {
    tls::Outcome outcome = server.Receive(BytesOf(client.TakeWire()), {});
    while (outcome.event == Event::kOffload) {
      auto errand = server.Lend(0);
      CHECK(server.engine(0) == nullptr);
      std::thread([&] { errand->Run(); }).join();
      server.Return(std::move(errand));
      outcome = server.Receive({}, {});
    }
    established = outcome.event == Event::kEstablished;
    client.Receive(server.wire().view());
    server.wire().Clear();
  }
  CHECK(established);
  CHECK(client.established() == 1);
}

void DroppedAtEveryStepItLeaksNothing() {
  const Credentials credentials = NewCredentials();
  for (size_t steps = 0; steps < 20; steps++) {
    Pair pair;
    for (size_t i = 0; i < 3; i++) pair.Push(credentials);
    for (size_t i = 0; i < steps; i++) {
      pair.Carry(i % 2 == 0 ? &pair.left() : &pair.right(),
                 i % 2 == 0 ? &pair.right() : &pair.left());
    }
  }
}

void KeyUpdateKeepsTheBytesFlowing() {
  const Credentials credentials = NewCredentials(TLS1_3_VERSION);
  Pair pair;
  for (size_t i = 0; i < 3; i++) pair.Push(credentials);
  pair.Settle();
  for (size_t level = 0; level < 3; level++) {
    CHECK(pair.left().chain().KeyUpdate(level, true).event == Event::kNone);
    Exchange(&pair, 1000);
  }
}

// A session ticket that holds the client's certificate, in small records.
void WhatCannotBeWrittenYetIsKept() {
  const Credentials server = NewCredentials(TLS1_3_VERSION);
  const Credentials client = NewCredentials(TLS1_3_VERSION);
  Pair pair;
  Side& left = pair.left();
  Side& right = pair.right();
  tls::EngineOptions asking = ServerOptions();
  asking.verify = tls::VerifyMode::kRecord;
  left.Push(client.context.get(), ClientOptions());
  right.Push(server.context.get(), asking);
  SSL_set_max_send_fragment(right.chain().engine(0)->ssl(), 512);
  pair.Carry(&left, &right);
  pair.Carry(&right, &left);
  pair.Carry(&left, &right);
  const std::string tickets = right.TakeWire();
  size_t waited = 0;
  for (const char& byte : tickets) {
    left.Receive(BytesOf({&byte, 1}));
    left.Send("x");
    if (left.chain().writes_wait()) waited++;
  }
  CHECK(waited > 0 && waited < tickets.size());
  CHECK(!left.failed() && !left.chain().writes_wait());
  left.Stop();
  pair.Carry(&left, &right);
  CHECK(right.TakePlaintext() == std::string(tickets.size(), 'x'));
  CHECK(right.peer_stops() == 1);
}

}  // namespace
}  // namespace onion::test

int main(int count, char** arguments) {
  using namespace onion::test;
  return RunTests(
      count, arguments,
      {TEST(GoesFiveDeepAndBack), TEST(GoesFiveDeepAndBackByteByByte),
       TEST(GoesFiveDeepAndBackInRandomPieces),
       TEST(AllLayersAtOnceNeedNoWaiting), TEST(LayersTakeOneRoundTripEach),
       TEST(BytesBehindCloseNotifyBelongToTheLayerBelow),
       TEST(BothStopAtOnceWithDataInFlight),
       TEST(AnUnansweredStopLeavesTheOtherHalfOpen),
       TEST(CorruptionFailsThatLayerAndTellsThePeer),
       TEST(NonsenseInsideFailsTheInnerLayerOnly),
       TEST(RandomGarbageNeverEstablishesAnything),
       TEST(AFlippedByteNeverGoesUnnoticed), TEST(TruncatedAnywhereItWaits),
       TEST(AHandshakeThatNeverEndsIsBounded),
       TEST(WhatWasNotReadBelongsToTheNextLayer),
       TEST(AHandshakeStepRunsOnAnotherThread),
       TEST(DroppedAtEveryStepItLeaksNothing),
       TEST(KeyUpdateKeepsTheBytesFlowing),
       TEST(WhatCannotBeWrittenYetIsKept)});
}
