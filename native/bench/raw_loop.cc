#include <openssl/ssl.h>

#include <chrono>
#include <vector>

#include "bench/contexts.h"
#include "bench/loop.h"
#include "tls/engine.h"

namespace onion::bench {

namespace {

using tls::SslPointer;

struct Layer {
  SslPointer sender;
  SslPointer receiver;
};

SslPointer NewEnd(SSL_CTX* context, bool is_server) {
  SslPointer ssl(SSL_new(context));
  if (!ssl) return ssl;
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (is_server) {
    SSL_set_accept_state(ssl.get());
  } else {
    SSL_set_connect_state(ssl.get());
  }
  return ssl;
}

// Moves what one end has written to where the other reads.
void Carry(SSL* from, SSL* to, std::vector<uint8_t>& scratch) {
  BIO* out = SSL_get_wbio(from);
  for (;;) {
    const int count =
        BIO_read(out, scratch.data(), static_cast<int>(scratch.size()));
    if (count <= 0) return;
    BIO_write(SSL_get_rbio(to), scratch.data(), count);
  }
}

// Layers do not know of each other: each shakes hands by itself.
bool Connect(Layer& layer, std::vector<uint8_t>& scratch) {
  SSL* client = layer.sender.get();
  SSL* server = layer.receiver.get();
  for (int flight = 0; flight < 4; flight++) {
    SSL_do_handshake(client);
    Carry(client, server, scratch);
    SSL_do_handshake(server);
    Carry(server, client, scratch);
  }
  return SSL_is_init_finished(client) != 0 && SSL_is_init_finished(server) != 0;
}

class Loop {
 public:
  bool Open(const Work& work, const Contexts& contexts) {
    // A write grows by some 100 bytes a layer; a handshake fits as well.
    scratch_.resize(work.write_size + 65536);
    for (size_t i = 0; i < work.depth; i++) {
      Layer layer{NewEnd(contexts.client.get(), false),
                  NewEnd(contexts.server.get(), true)};
      if (!layer.sender || !layer.receiver) return false;
      if (!Connect(layer, scratch_)) return false;
      layers_.push_back(std::move(layer));
    }
    return true;
  }

  // Returns how much plaintext came out at the other end.
  size_t Pass(const std::vector<uint8_t>& chunk) {
    if (!Seal(chunk)) return 0;
    return Unseal();
  }

 private:
  bool Seal(const std::vector<uint8_t>& chunk) {
    const uint8_t* data = chunk.data();
    int size = static_cast<int>(chunk.size());
    for (size_t level = layers_.size(); level-- > 0;) {
      SSL* ssl = layers_[level].sender.get();
      if (SSL_write(ssl, data, size) != size) return false;
      size = BIO_read(SSL_get_wbio(ssl), scratch_.data(),
                      static_cast<int>(scratch_.size()));
      data = scratch_.data();
    }
    BIO_write(SSL_get_rbio(layers_.front().receiver.get()), data, size);
    return true;
  }

  size_t Unseal() {
    size_t received = 0;
    for (size_t level = 0; level < layers_.size(); level++) {
      SSL* ssl = layers_[level].receiver.get();
      for (;;) {
        const int count =
            SSL_read(ssl, scratch_.data(), static_cast<int>(scratch_.size()));
        if (count <= 0) break;
        if (level + 1 == layers_.size()) {
          received += static_cast<size_t>(count);
        } else {
          BIO_write(SSL_get_rbio(layers_[level + 1].receiver.get()),
                    scratch_.data(), count);
        }
      }
    }
    return received;
  }

  std::vector<Layer> layers_;
  std::vector<uint8_t> scratch_;
};

}  // namespace

double RunLoop(const Work& work) {
  const Contexts contexts(work);
  Loop loop;
  if (!contexts.ok() || !loop.Open(work, contexts)) return -1;
  const std::vector<uint8_t> chunk(work.write_size, 'x');
  const auto start = std::chrono::steady_clock::now();
  for (size_t moved = 0; moved < work.bytes; moved += chunk.size()) {
    if (loop.Pass(chunk) != chunk.size()) return -1;
  }
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count();
}

}  // namespace onion::bench
