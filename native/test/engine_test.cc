// One engine alone: the questions it stops at and what it knows afterwards.
#include "tls/engine.h"

#include <openssl/err.h>

#include <string>
#include <string_view>
#include <vector>

#include "peers.h"
#include "testing.h"
#include "tls/connection_info.h"

namespace onion::test {
namespace {

using tls::EngineOptions;
using tls::VerifyMode;

// A client and a server of one layer each.
struct Ends {
  tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  Side client{method.get()};
  Side server{method.get()};

  void Settle() {
    while (!client.chain().wire().empty() || !server.chain().wire().empty()) {
      const std::string there = client.TakeWire();
      if (!there.empty() && !server.failed()) server.Receive(BytesOf(there));
      const std::string back = server.TakeWire();
      if (!back.empty() && !client.failed()) client.Receive(BytesOf(back));
    }
  }
};

void AnUntrustedChainEndsTheHandshake() {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const Credentials server = NewCredentials(version, version);
    const Credentials other = NewCredentials();
    const tls::SslCtxPointer context = NewTrustingContext(other);
    Ends ends;
    EngineOptions options = ClientOptions();
    options.verify = VerifyMode::kEnforce;
    ends.client.Push(context.get(), options);
    ends.server.Push(server.context.get(), ServerOptions());
    ends.Settle();
    CHECK(ends.client.failed());
    CHECK(ends.client.established() == 0);
    const tls::Failure& failure = ends.client.chain().engine(0)->failure();
    CHECK(failure.verify_error != X509_V_OK);
    CHECK(failure.has_alert && !failure.alert.received);
    CHECK(ends.server.failed());
    CHECK(ends.server.chain().engine(0)->failure().alert.received);
  }
}

void ATrustedChainIsAskedAboutBeforeTheHandshakeGoesOn() {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const bool accepted : {true, false}) {
      const Credentials server = NewCredentials(version, version);
      const tls::SslCtxPointer context = NewTrustingContext(server);
      Ends ends;
      EngineOptions options = ClientOptions();
      options.verify = VerifyMode::kEnforce;
      options.pause_on_verify = true;
      int asked = 0;
      ends.client.accepts = [&](size_t level) {
        asked++;
        const tls::Engine& engine = *ends.client.chain().engine(level);
        CHECK(!engine.established());
        CHECK(engine.verify_error() == X509_V_OK);
        CHECK(engine.offered_certificate() != nullptr);
        return accepted;
      };
      ends.client.Push(context.get(), options);
      ends.server.Push(server.context.get(), ServerOptions());
      ends.Settle();
      CHECK(asked == 1);
      CHECK(ends.client.failed() == !accepted);
      CHECK((ends.client.established() == 1) == accepted);
    }
  }
}

void AServerStopsAtTheClientHello() {
  const Credentials credentials = NewCredentials();
  Ends ends;
  EngineOptions client = ClientOptions();
  client.name = "inner.test";
  client.sends_name = true;
  const std::string_view protocols("\x02h2\x08http/1.1", 12);
  client.alpn.assign(protocols.begin(), protocols.end());
  EngineOptions server = ServerOptions();
  server.pause_on_client_hello = true;
  server.alpn.assign(protocols.begin() + 3, protocols.end());
  int asked = 0;
  ends.server.accepts = [&](size_t level) {
    asked++;
    const tls::ClientHello& hello =
        *ends.server.chain().engine(level)->client_hello();
    CHECK(hello.servername == "inner.test");
    CHECK(hello.protocols.size() == 2);
    CHECK(hello.protocols[0] == "h2");
    CHECK(hello.protocols[1] == "http/1.1");
    return true;
  };
  ends.client.Push(credentials.context.get(), client);
  ends.server.Push(credentials.context.get(), server);
  ends.Settle();
  CHECK(asked == 1);
  CHECK(ends.client.established() == 1);
  CHECK(tls::SelectedProtocol(ends.client.chain().engine(0)->ssl()) ==
        "http/1.1");
}

void NoCommonProtocolIsFatal() {
  const Credentials credentials = NewCredentials();
  Ends ends;
  EngineOptions client = ClientOptions();
  client.alpn = {1, 'a'};
  EngineOptions server = ServerOptions();
  server.alpn = {1, 'b'};
  ends.client.Push(credentials.context.get(), client);
  ends.server.Push(credentials.context.get(), server);
  ends.Settle();
  CHECK(ends.server.failed());
  CHECK(ends.client.failed());
  const tls::Alert& alert = ends.client.chain().engine(0)->failure().alert;
  CHECK(alert.received);
  CHECK(alert.code == SSL_AD_NO_APPLICATION_PROTOCOL);
}

void NotTlsIsRememberedAsReceived() {
  const Credentials credentials = NewCredentials();
  Ends ends;
  ends.client.Push(credentials.context.get(), ClientOptions());
  ends.client.Receive(BytesOf("220 mail.test ESMTP ready\r\n"));
  CHECK(ends.client.failed());
  const tls::Engine& engine = *ends.client.chain().engine(0);
  CHECK(engine.failure().handshaking);
  CHECK(!engine.failure().entries.empty());
  const std::string received(
      reinterpret_cast<const char*>(engine.received().data()),
      engine.received().size());
  CHECK(received == "220 mail.test ESMTP ready\r\n");
}

void KeyLogAndSessionsBecomeNotes() {
  const Credentials credentials = NewCredentials(TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(
      credentials.context.get(),
      SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  Ends ends;
  ends.client.Push(credentials.context.get(), ClientOptions());
  ends.client.chain().engine(0)->Collect(true, true);
  ends.server.Push(credentials.context.get(), ServerOptions());
  ends.Settle();
  int lines = 0;
  std::vector<uint8_t> session;
  for (const tls::Note& note : ends.client.chain().engine(0)->notes()) {
    if (note.kind == tls::Note::Kind::kKeylog) lines++;
    if (note.kind == tls::Note::Kind::kSession) {
      session.assign(note.data.begin(), note.data.end());
    }
  }
  CHECK(lines >= 4);
  CHECK(!session.empty());

  Ends again;
  again.client.Push(credentials.context.get(), ClientOptions(), session);
  again.server.Push(credentials.context.get(), ServerOptions());
  again.Settle();
  CHECK(SSL_session_reused(again.client.chain().engine(0)->ssl()) == 1);
}

void ABadSessionIsNotOffered() {
  const Credentials credentials = NewCredentials();
  const std::vector<uint8_t> session = {1, 2, 3};
  Ends ends;
  ends.client.Push(credentials.context.get(), ClientOptions(), session);
  ends.server.Push(credentials.context.get(), ServerOptions());
  ends.Settle();
  CHECK(ends.client.chain().engine(0)->established());
  CHECK(SSL_session_reused(ends.client.chain().engine(0)->ssl()) == 0);
  CHECK(ERR_peek_error() == 0);
}

void ABadNameIsRefusedAtOnce() {
  const Credentials credentials = NewCredentials();
  const tls::BioMethodPointer method = tls::NewMemoryPipeMethod();
  EngineOptions name = ClientOptions();
  name.name.assign(300, 'x');
  name.sends_name = true;
  CHECK(tls::Engine::Create(credentials.context.get(), method.get(), name) ==
        nullptr);
}

void BytesAreCounted() {
  const Credentials credentials = NewCredentials();
  Ends ends;
  ends.client.Push(credentials.context.get(), ClientOptions());
  ends.server.Push(credentials.context.get(), ServerOptions());
  ends.Settle();
  ends.client.Send(std::string(1000, 'x'));
  ends.Settle();
  CHECK(ends.client.chain().engine(0)->stats().bytes_written == 1000);
  CHECK(ends.server.chain().engine(0)->stats().bytes_read == 1000);
  CHECK(ends.server.chain().engine(0)->stats().wire_read > 1000);
}

}  // namespace
}  // namespace onion::test

int main(int count, char** arguments) {
  using namespace onion::test;
  return RunTests(
      count, arguments,
      {TEST(AnUntrustedChainEndsTheHandshake),
       TEST(ATrustedChainIsAskedAboutBeforeTheHandshakeGoesOn),
       TEST(AServerStopsAtTheClientHello), TEST(NoCommonProtocolIsFatal),
       TEST(NotTlsIsRememberedAsReceived), TEST(KeyLogAndSessionsBecomeNotes),
       TEST(ABadSessionIsNotOffered), TEST(ABadNameIsRefusedAtOnce),
       TEST(BytesAreCounted)});
}
