#include <chrono>
#include <vector>

#include "bench/contexts.h"
#include "bench/loop.h"
#include "tls/bio.h"
#include "tls/chain.h"

namespace onion::bench {

namespace {

using tls::ByteQueue;
using tls::ByteView;
using tls::Chain;
using tls::Event;
using tls::MutableBytes;
using tls::Outcome;

// One end: a chain with the buffers that its callers bring along.
class End {
 public:
  End(SSL_CTX* context, const BIO_METHOD* method, bool is_server,
      size_t write_size)
      : context_(context),
        method_(method),
        is_server_(is_server),
        chain_(&workspace_),
        wire_(write_size + 65536),
        plaintext_(65536) {}

  bool Push() {
    tls::EngineOptions options;
    options.is_server = is_server_;
    options.verify = tls::VerifyMode::kNone;
    options.max_handshake_bytes = 1 << 20;
    auto engine = tls::Engine::Create(context_, method_, std::move(options));
    if (!engine) return false;
    chain_.Push(std::move(engine));
    return true;
  }

  void Start(size_t level) { chain_.Start(level); }

  // Returns the wire bytes.
  ByteView Send(ByteView chunk) {
    const Outcome outcome = chain_.Send({&chunk, 1}, wire_);
    return ByteView(wire_).first(outcome.wire);
  }

  // Returns the plaintext; `established` counts the handshakes that ended.
  size_t Receive(ByteView wire, size_t* established) {
    size_t received = 0;
    for (;;) {
      const Outcome outcome = chain_.Receive(wire, plaintext_);
      wire = wire.subspan(outcome.used);
      received += outcome.plaintext;
      if (outcome.event == Event::kEstablished) {
        ++*established;
      } else if (outcome.event != Event::kFull) {
        return received;
      }
    }
  }

  ByteQueue TakeWire() {
    ByteQueue taken;
    taken.Swap(chain_.wire());
    return taken;
  }

 private:
  SSL_CTX* context_;
  const BIO_METHOD* method_;
  bool is_server_;
  tls::Workspace workspace_;
  Chain chain_;
  std::vector<uint8_t> wire_;
  std::vector<uint8_t> plaintext_;
};

bool AddLayer(End& client, End& server, size_t level) {
  if (!client.Push() || !server.Push()) return false;
  server.Start(level);
  client.Start(level);
  size_t established = 0;
  for (int flight = 0; flight < 4; flight++) {
    server.Receive(client.TakeWire().view(), &established);
    client.Receive(server.TakeWire().view(), &established);
  }
  return established == 2;
}

}  // namespace

double RunChain(const Work& work) {
  const Contexts contexts(work);
  if (!contexts.ok()) return -1;
  tls::InstallEngineCallbacks(contexts.client.get());
  tls::InstallEngineCallbacks(contexts.server.get());
  const tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  End client(contexts.client.get(), method.get(), false, work.write_size);
  End server(contexts.server.get(), method.get(), true, work.write_size);
  for (size_t level = 0; level < work.depth; level++) {
    if (!AddLayer(client, server, level)) return -1;
  }
  const std::vector<uint8_t> chunk(work.write_size, 'x');
  size_t established = 0;
  const auto start = std::chrono::steady_clock::now();
  for (size_t moved = 0; moved < work.bytes; moved += chunk.size()) {
    const ByteView wire = client.Send(chunk);
    if (server.Receive(wire, &established) != chunk.size()) return -1;
  }
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count();
}

}  // namespace onion::bench
