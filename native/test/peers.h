#ifndef ONION_TLS_TEST_PEERS_H_
#define ONION_TLS_TEST_PEERS_H_

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tls/bio.h"
#include "tls/chain.h"
#include "tls/engine.h"
#include "tls/openssl_pointers.h"

// Two ends of a connection in memory, and the part of the policy that
// TypeScript has in the product: what is done at each event.
namespace onion::test {

tls::ByteView BytesOf(std::string_view text);

// Seconds before and after now in which a certificate is good.
inline constexpr long kLifetime = 3600;

struct Identity {
  tls::KeyPointer key;
  tls::X509Pointer certificate;
};
// Of version 1, which can sign others without an extension that says so. By
// default it signs itself.
Identity Issue(std::string_view name, const Identity* issuer = nullptr);
void Use(SSL_CTX* context, const Identity& identity);

// A certificate that signs itself and the context that holds it.
struct Credentials {
  tls::SslCtxPointer context;
  tls::X509Pointer certificate;
};
Credentials NewCredentials(int min_version = TLS1_2_VERSION,
                           int max_version = TLS1_3_VERSION);
// Trusts that certificate and has none of its own.
tls::SslCtxPointer NewTrustingContext(const Credentials& server);
tls::EngineOptions ServerOptions();
tls::EngineOptions ClientOptions();

class Side {
 public:
  explicit Side(const BIO_METHOD* method) : method_(method) {}

  // The layer starts at once when those below it are established.
  void Push(SSL_CTX* context, tls::EngineOptions options,
            tls::ByteView session = {});
  void Receive(tls::ByteView wire);
  void Send(std::string_view text);
  // Sends close_notify on the innermost layer; the layer goes once the peer's
  // has come too.
  void Stop();

  std::string TakeWire();
  std::string TakePlaintext();

  tls::Chain& chain() { return chain_; }
  tls::Workspace& workspace() { return workspace_; }
  [[nodiscard]] size_t established() const { return established_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] size_t failed_layer() const { return failed_layer_; }
  [[nodiscard]] size_t peer_stops() const { return peer_stops_; }
  // Whether the peer's stop is answered; on unless a test says otherwise.
  bool answers_stop = true;
  // Asked at Event::kVerify and Event::kClientHello.
  std::function<bool(size_t level)> accepts;

 private:
  void Handle(tls::Outcome outcome);
  void OnEstablished(size_t level);
  void OnPeerClosed(size_t level);

  const BIO_METHOD* method_;
  tls::Workspace workspace_;
  tls::Chain chain_{&workspace_};
  std::string plaintext_;
  std::vector<bool> stopping_;
  size_t established_ = 0;
  size_t failed_layer_ = 0;
  size_t peer_stops_ = 0;
  bool failed_ = false;
};

// How the transport cuts what it carries: 0 not at all, otherwise pieces of
// that many bytes at most; `random` makes the length of each a matter of luck.
struct Cut {
  size_t most = 0;
  bool random = false;
};

class Pair {
 public:
  explicit Pair(Cut cut = {});

  // A layer on both sides; `flip` makes the left one the server.
  void Push(const Credentials& credentials, bool flip = false);
  // Carries bytes both ways until nobody has any.
  void Settle();
  void Carry(Side* from, Side* to);

  Side& left() { return left_; }
  Side& right() { return right_; }

 private:
  tls::BioMethodPointer method_;
  Cut cut_;
  std::mt19937 random_{20260101};
  Side left_;
  Side right_;
};

}  // namespace onion::test

#endif  // ONION_TLS_TEST_PEERS_H_
