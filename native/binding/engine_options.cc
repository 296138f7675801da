#include "binding/engine_options.h"

#include <openssl/x509_vfy.h>

#include <memory>

#include "binding/convert.h"
#include "binding/secure_context_binding.h"
#include "tls/connection_info.h"

namespace onion::binding {

namespace {

// Mirrored by EngineFlag in src/native.ts.
enum EngineFlag : uint32_t {
  kIsServer = 1,
  kPauseOnVerify = 2,
  kFindsName = 4,
  kSendsName = 8,
  kNameIsIp = 16,
  kPauseOnClientHello = 32,
  kOffload = 64,
  kRenegotiation = 128,
  kRequestOcsp = 256,
};

// The one place where native code calls JavaScript. OpenSSL can't wait for this
// answer, so it is asked for in the middle of a step; ChainBinding refuses
// every other call until the step is over.
tls::PskSource ToPskSource(const Napi::Function& callback) {
  // std::make_shared without RTTI needs a newer libstdc++ than Node does.
  // NOLINTNEXTLINE(modernize-make-shared)
  const std::shared_ptr<Napi::FunctionReference> function(
      new Napi::FunctionReference(Napi::Persistent(callback)));
  return [function](const char* identity, size_t max_key,
                    size_t max_identity) -> std::optional<tls::PskAnswer> {
    const Napi::Env env = function->Env();
    const Napi::HandleScope scope(env);
    const Napi::Value name =
        identity == nullptr ? env.Null()
                            : Napi::Value(Napi::String::New(env, identity));
    const Napi::Value result = function->Call(
        {name, Napi::Number::New(env, static_cast<double>(max_key)),
         Napi::Number::New(env, static_cast<double>(max_identity))});
    if (env.IsExceptionPending() || !result.IsObject()) return {};
    const auto answer = result.As<Napi::Object>();
    return tls::PskAnswer{.identity = ToText(answer.Get("identity")),
                          .key = ToVector(answer.Get("psk"))};
  };
}

}  // namespace

tls::EngineOptions ToEngineOptions(const Napi::CallbackInfo& info) {
  tls::EngineOptions result;
  const uint32_t flags = ToUint32(info[1]);
  const auto has = [flags](EngineFlag flag) { return (flags & flag) != 0; };
  result.is_server = has(kIsServer);
  result.pause_on_verify = has(kPauseOnVerify);
  result.finds_name = has(kFindsName);
  result.sends_name = has(kSendsName);
  result.name_is_ip = has(kNameIsIp);
  result.pause_on_client_hello = has(kPauseOnClientHello);
  result.offload = has(kOffload);
  result.renegotiation = has(kRenegotiation);
  result.request_ocsp = has(kRequestOcsp);
  result.verify = static_cast<tls::VerifyMode>(ToUint32(info[2]));
  result.max_handshake_bytes = ToUint32(info[3]);
  if (has(kFindsName) || has(kSendsName)) result.name = ToText(info[4]);
  if (!info[5].IsObject()) return result;
  const auto extras = info[5].As<Napi::Object>();
  result.alpn = ToVector(extras.Get("alpn"));
  const Napi::Value psk = extras.Get("psk");
  if (psk.IsFunction()) result.psk = ToPskSource(psk.As<Napi::Function>());
  return result;
}

tls::ByteView ToSession(const Napi::CallbackInfo& info) {
  if (!info[5].IsObject()) return {};
  return ToView(info[5].As<Napi::Object>().Get("session"));
}

tls::ClientHelloAnswer ToClientHelloAnswer(const Napi::Object& answer) {
  tls::ClientHelloAnswer result;
  result.refused = ToBool(answer.Get("refused"));
  tls::SecureContext* context =
      SecureContextBinding::ContextOf(answer.Get("context"));
  if (context != nullptr && SSL_CTX_up_ref(context->get()) == 1) {
    result.context.reset(context->get());
  }
  const Napi::Value protocol = answer.Get("protocol");
  using Choice = tls::ClientHelloAnswer::Protocol;
  if (protocol.IsNull()) result.protocol_choice = Choice::kRefused;
  if (protocol.IsString()) {
    result.protocol_choice = Choice::kChosen;
    result.protocol = protocol.As<Napi::String>().Utf8Value();
  }
  const tls::ByteView session = ToView(answer.Get("session"));
  if (!session.empty()) {
    const unsigned char* cursor = session.data();
    result.session.reset(
        d2i_SSL_SESSION(nullptr, &cursor, static_cast<long>(session.size())));
  }
  result.ocsp_response = ToVector(answer.Get("ocspResponse"));
  return result;
}

Napi::Value ToClientHello(Napi::Env env, const tls::ClientHello& hello) {
  auto result = Napi::Object::New(env);
  if (hello.servername) {
    result.Set("servername", *hello.servername);
  } else {
    result.Set("servername", env.Undefined());
  }
  result.Set("protocols", ToStringArray(env, hello.protocols));
  result.Set("sessionId", ToBuffer(env, hello.session_id));
  result.Set("hasTicket", hello.has_ticket);
  result.Set("requestsOCSP", hello.requests_ocsp);
  return result;
}

Napi::Value ToVerifyResult(Napi::Env env, long error) {
  auto result = Napi::Object::New(env);
  result.Set("code", tls::VerifyErrorCode(error));
  result.Set("reason",
             error == X509_V_OK ? "" : X509_verify_cert_error_string(error));
  return result;
}

Napi::Value ToFailure(Napi::Env env, const tls::Engine& engine) {
  const tls::Failure& failure = engine.failure();
  auto result = Napi::Object::New(env);
  result.Set("entries", ToErrorEntries(env, failure.entries));
  result.Set("handshaking", failure.handshaking);
  if (failure.peer_closed) result.Set("peerClosed", true);
  result.Set("received", ToBuffer(env, engine.received()));
  if (failure.has_alert) {
    auto alert = Napi::Object::New(env);
    alert.Set("code", failure.alert.code);
    alert.Set("name", failure.alert.name);
    alert.Set("direction", failure.alert.received ? "received" : "sent");
    result.Set("alert", alert);
  }
  if (failure.verify_error != X509_V_OK) {
    result.Set("verify", ToVerifyResult(env, failure.verify_error));
  }
  if (!failure.limit.empty()) result.Set("limit", failure.limit);
  return result;
}

}  // namespace onion::binding
