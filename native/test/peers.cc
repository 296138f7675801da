#include "peers.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <utility>

#include "testing.h"

namespace onion::test {

using tls::ByteView;
using tls::EngineOptions;
using tls::Event;
using tls::Outcome;

ByteView BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Identity Issue(std::string_view name, const Identity* issuer) {
  Identity made{tls::KeyPointer(EVP_EC_gen("P-256")),
                tls::X509Pointer(X509_new())};
  X509* certificate = made.certificate.get();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kLifetime);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kLifetime);
  X509_set_pubkey(certificate, made.key.get());
  const ByteView text = BytesOf(name);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                             MBSTRING_ASC, text.data(),
                             static_cast<int>(text.size()), -1, 0);
  const Identity& signer = issuer == nullptr ? made : *issuer;
  X509_set_issuer_name(certificate,
                       X509_get_subject_name(signer.certificate.get()));
  CHECK(X509_sign(certificate, signer.key.get(), EVP_sha256()) > 0);
  return made;
}

void Use(SSL_CTX* context, const Identity& identity) {
  CHECK(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1);
}

Credentials NewCredentials(int min_version, int max_version) {
  Credentials result;
  result.context.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX* context = result.context.get();
  CHECK(SSL_CTX_set_min_proto_version(context, min_version) == 1);
  CHECK(SSL_CTX_set_max_proto_version(context, max_version) == 1);

  Identity identity = Issue("layer.test");
  Use(context, identity);
  result.certificate = std::move(identity.certificate);
  tls::InstallEngineCallbacks(context);
  return result;
}

tls::SslCtxPointer NewTrustingContext(const Credentials& server) {
  tls::SslCtxPointer context(SSL_CTX_new(TLS_method()));
  X509_STORE* store = SSL_CTX_get_cert_store(context.get());
  CHECK(X509_STORE_add_cert(store, server.certificate.get()) == 1);
  tls::InstallEngineCallbacks(context.get());
  return context;
}

EngineOptions ServerOptions() {
  EngineOptions options;
  options.is_server = true;
  options.verify = tls::VerifyMode::kNone;
  options.max_handshake_bytes = size_t{64} * 1024;
  return options;
}

EngineOptions ClientOptions() {
  EngineOptions options = ServerOptions();
  options.is_server = false;
  return options;
}

void Side::Push(SSL_CTX* context, EngineOptions options, ByteView session) {
  auto engine = tls::Engine::Create(context, method_, std::move(options));
  CHECK(engine != nullptr);
  if (!session.empty()) engine->SetSession(session, "");
  const size_t level = chain_.size();
  chain_.Push(std::move(engine));
  stopping_.push_back(false);
  if (established_ == level) Handle(chain_.Start(level));
}

void Side::Receive(ByteView wire) {
  std::array<uint8_t, 4096> buffer;
  for (;;) {
    const Outcome outcome = chain_.Receive(wire, buffer);
    plaintext_.append(reinterpret_cast<const char*>(buffer.data()),
                      outcome.plaintext);
    wire = wire.subspan(outcome.used);
    if (outcome.event == Event::kNone) return;
    if (outcome.event == Event::kFull) continue;
    Handle(outcome);
    if (failed_) return;
  }
}

void Side::Handle(Outcome outcome) {
  switch (outcome.event) {
    case Event::kEstablished:
      OnEstablished(outcome.layer);
      break;
    case Event::kPeerClosed:
      OnPeerClosed(outcome.layer);
      break;
    case Event::kFailed:
      failed_ = true;
      failed_layer_ = outcome.layer;
      break;
    case Event::kVerify:
      chain_.engine(outcome.layer)
          ->AnswerVerify(!accepts || accepts(outcome.layer));
      break;
    case Event::kClientHello:
      if (accepts) accepts(outcome.layer);
      chain_.engine(outcome.layer)->Answer({});
      break;
    default:
      break;
  }
}

void Side::OnEstablished(size_t level) {
  CHECK(level == established_);
  established_++;
  if (chain_.size() > established_) Handle(chain_.Start(established_));
}

void Side::OnPeerClosed(size_t level) {
  CHECK(level + 1 == chain_.size());
  peer_stops_++;
  chain_.CloseRead(level);
  if (!stopping_[level]) {
    if (!answers_stop) return;
    chain_.CloseWrite(level);
  }
  chain_.Remove(level);
  stopping_.pop_back();
  established_--;
}

void Side::Send(std::string_view text) {
  const ByteView chunk = BytesOf(text);
  const Outcome outcome = chain_.Send({&chunk, 1}, {});
  if (outcome.event != Event::kNone) Handle(outcome);
}

void Side::Stop() {
  const size_t level = chain_.size() - 1;
  stopping_[level] = true;
  Handle(chain_.CloseWrite(level));
}

std::string Side::TakeWire() {
  const ByteView view = chain_.wire().view();
  std::string wire(reinterpret_cast<const char*>(view.data()), view.size());
  chain_.wire().Clear();
  return wire;
}

std::string Side::TakePlaintext() { return std::exchange(plaintext_, {}); }

Pair::Pair(Cut cut)
    : method_(tls::NewMemoryPipeMethod()),
      cut_(cut),
      left_(method_.get()),
      right_(method_.get()) {}

void Pair::Push(const Credentials& credentials, bool flip) {
  SSL_CTX* context = credentials.context.get();
  left_.Push(context, flip ? ServerOptions() : ClientOptions());
  right_.Push(context, flip ? ClientOptions() : ServerOptions());
}

void Pair::Carry(Side* from, Side* to) {
  const std::string wire = from->TakeWire();
  for (std::string_view rest = wire; !rest.empty() && !to->failed();) {
    size_t length = cut_.most == 0 ? rest.size() : cut_.most;
    if (cut_.random) length = 1 + random_() % cut_.most;
    length = std::min(length, rest.size());
    // A copy of its own, so that a sanitizer sees a read behind its end.
    const std::vector<char> piece(rest.begin(), rest.begin() + length);
    to->Receive(BytesOf({piece.data(), piece.size()}));
    rest.remove_prefix(length);
  }
}

void Pair::Settle() {
  while (!left_.chain().wire().empty() || !right_.chain().wire().empty()) {
    Carry(&left_, &right_);
    Carry(&right_, &left_);
  }
}

}  // namespace onion::test
