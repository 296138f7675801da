// Layers that seal straight into the one below.
#include "tls/sealer.h"

#include <string>

#include "peers.h"
#include "testing.h"

namespace onion::test {
namespace {

std::string Counting(size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; i++) text[i] = static_cast<char>(i * 31 / 7);
  return text;
}

void PushAll(Pair* pair, const Credentials& credentials, size_t depth) {
  for (size_t i = 0; i < depth; i++) pair->Push(credentials);
  pair->Settle();
}

// No layer may be left out, however many there are.
void EveryLayerSeals() {
  constexpr size_t kDepth = 70;
  const Credentials credentials = NewCredentials();
  Pair pair;
  PushAll(&pair, credentials, kDepth);
  const std::string text = Counting(40000);
  pair.left().Send(text);
  for (size_t level = 0; level < kDepth; level++) {
    const tls::EngineStats stats = pair.left().chain().engine(level)->stats();
    CHECK(stats.bytes_written >= text.size());
  }
  pair.Settle();
  CHECK(pair.right().TakePlaintext() == text);
}

// The layers below seal the first record while OpenSSL still has the others to
// write, wherever the plaintext lies.
void ALayerMayCutWhatItIsGiven() {
  constexpr size_t kDepth = 3;
  const Credentials credentials = NewCredentials();
  for (const long fragment : {512L, 3000L, 4096L}) {
    Pair pair;
    PushAll(&pair, credentials, kDepth);
    for (size_t level = 0; level < kDepth; level++) {
      SSL_set_max_send_fragment(pair.left().chain().engine(level)->ssl(),
                                fragment);
    }
    const std::string text = Counting(20000);
    for (size_t offset = 0; offset < 4096; offset += 32) {
      const std::string_view part = std::string_view(text).substr(offset);
      pair.left().Send(part);
      pair.Settle();
      CHECK(pair.right().TakePlaintext() == part);
    }
  }
}

void AFailureIsThatOfItsLayer() {
  constexpr size_t kDepth = 4;
  const Credentials credentials = NewCredentials();
  for (size_t level = 0; level < kDepth; level++) {
    Pair pair;
    PushAll(&pair, credentials, kDepth);
    // OpenSSL refuses to write behind its close_notify.
    SSL_shutdown(pair.left().chain().engine(level)->ssl());
    pair.left().Send(Counting(100000));
    CHECK(pair.left().failed());
    CHECK(pair.left().failed_layer() == level);
    CHECK(!pair.left().chain().engine(level)->failure().entries.empty());
    // No more than the close_notify.
    CHECK(pair.left().TakeWire().size() < 1000);
  }
}

}  // namespace
}  // namespace onion::test

int main(int count, char** arguments) {
  using namespace onion::test;
  return RunTests(count, arguments,
                  {TEST(EveryLayerSeals), TEST(ALayerMayCutWhatItIsGiven),
                   TEST(AFailureIsThatOfItsLayer)});
}
