// What can be asked of one layer and set on it. None of it moves bytes.

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <span>

#include "binding/chain_binding.h"
#include "binding/convert.h"
#include "binding/engine_options.h"
#include "binding/environment.h"
#include "binding/secure_context_binding.h"
#include "tls/connection_info.h"

namespace onion::binding {

std::vector<ChainBinding::PropertyDescriptor> ChainBinding::InfoMethods() {
  using C = ChainBinding;
  return {
      InstanceMethod<&C::Stats>("stats"),
      InstanceMethod<&C::Summarize>("summarize"),
      InstanceMethod<&C::InspectPeer>("inspectPeer"),
      InstanceMethod<&C::VerifyResult>("verifyResult"),
      InstanceMethod<&C::PeerCertificates>("peerCertificates"),
      InstanceMethod<&C::PeerMatches>("peerMatches"),
      InstanceMethod<&C::OwnCertificate>("ownCertificate"),
      InstanceMethod<&C::Protocol>("protocol"),
      InstanceMethod<&C::Cipher>("cipher"),
      InstanceMethod<&C::AlpnProtocol>("alpnProtocol"),
      InstanceMethod<&C::Servername>("servername"),
      InstanceMethod<&C::GetEphemeralKey>("ephemeralKey"),
      InstanceMethod<&C::Session>("session"),
      InstanceMethod<&C::Ticket>("ticket"),
      InstanceMethod<&C::IsSessionReused>("isSessionReused"),
      InstanceMethod<&C::Finished>("finished"),
      InstanceMethod<&C::PeerFinished>("peerFinished"),
      InstanceMethod<&C::GetSharedSigalgs>("sharedSigalgs"),
      InstanceMethod<&C::GetOcspResponse>("ocspResponse"),
      InstanceMethod<&C::GetKeyingMaterial>("exportKeyingMaterial"),
      InstanceMethod<&C::SetMaxSendFragment>("setMaxSendFragment"),
      InstanceMethod<&C::SetServername>("setServername"),
      InstanceMethod<&C::SetSession>("setSession"),
      InstanceMethod<&C::SetContext>("setContext"),
      InstanceMethod<&C::SetVerify>("setVerify"),
      InstanceMethod<&C::Trace>("trace"),
  };
}

Napi::Value ChainBinding::Stats(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  const tls::EngineStats stats = engine->stats();
  auto list = Napi::Array::New(info.Env(), 4);
  list.Set(0U, static_cast<double>(stats.bytes_read));
  list.Set(1U, static_cast<double>(stats.bytes_written));
  list.Set(2U, static_cast<double>(stats.wire_read));
  list.Set(3U, static_cast<double>(stats.wire_written));
  return list;
}

Napi::Value ChainBinding::VerifyResult(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  const long error = engine->verify_error();
  return error == X509_V_OK ? info.Env().Null()
                            : ToVerifyResult(info.Env(), error);
}

// What decides about the peer after a handshake, without a value made for it.
Napi::Value ChainBinding::InspectPeer(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine == nullptr) return info.Env().Undefined();
  SSL* ssl = engine->ssl();
  uint32_t* status = environment_.status();
  status[9] = static_cast<uint32_t>(engine->verify_error());
  status[10] = tls::HasPeerCertificate(*engine) ? 1 : 0;
  status[11] = SSL_session_reused(ssl) == 1 ? 1 : 0;
  const bool is_server = engine->options().is_server;
  status[12] = is_server ? 0 : static_cast<uint32_t>(tls::DhKeyBits(ssl));
  return info.Env().Undefined();
}

// What is kept of a layer that goes, as numbers: the names behind them are few.
Napi::Value ChainBinding::Summarize(const Napi::CallbackInfo& info) {
  constexpr size_t kNumbers = 6;
  constexpr uint32_t kHasAlpn = 1;
  constexpr uint32_t kHasServername = 2;
  const Napi::Env env = info.Env();
  tls::Engine* engine = EngineArgument(info);
  if (engine == nullptr) return env.Undefined();
  const std::span<double> numbers = ToDoubles(info[1]);
  if (numbers.size() < kNumbers) {
    Napi::TypeError::New(env, "A Float64Array of six numbers is wanted")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const SSL* ssl = engine->ssl();
  const tls::EngineStats stats = engine->stats();
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  numbers[0] = static_cast<double>(stats.bytes_read);
  numbers[1] = static_cast<double>(stats.bytes_written);
  numbers[2] = static_cast<double>(stats.wire_read);
  numbers[3] = static_cast<double>(stats.wire_written);
  numbers[4] = SSL_version(ssl);
  numbers[5] = cipher == nullptr ? 0 : SSL_CIPHER_get_id(cipher);
  uint32_t strings = 0;
  if (tls::SelectedProtocol(ssl)) strings |= kHasAlpn;
  if (SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nullptr) {
    strings |= kHasServername;
  }
  return Napi::Number::New(env, strings);
}

Napi::Value ChainBinding::PeerCertificates(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  auto result = Napi::Object::New(info.Env());
  result.Set("sent", ToBufferArray(info.Env(), tls::SentCertificates(*engine)));
  result.Set("verified",
             ToBufferArray(info.Env(), tls::VerifiedCertificates(*engine)));
  return result;
}

Napi::Value ChainBinding::PeerMatches(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  const std::string host = ToText(info[1]);
  const bool matches = tls::PeerMatches(*engine, host, ToBool(info[2]));
  return Napi::Boolean::New(info.Env(), matches);
}

Napi::Value ChainBinding::OwnCertificate(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToBufferOrNull(info.Env(), tls::OwnCertificate(engine->ssl()));
}

Napi::Value ChainBinding::Protocol(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return Napi::String::New(info.Env(), SSL_get_version(engine->ssl()));
}

Napi::Value ChainBinding::Cipher(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  const auto cipher = tls::CurrentCipher(engine->ssl());
  if (!cipher) return info.Env().Null();
  auto result = Napi::Object::New(info.Env());
  result.Set("name", cipher->name);
  result.Set("standardName", cipher->standard_name);
  result.Set("version", cipher->version);
  return result;
}

Napi::Value ChainBinding::AlpnProtocol(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToStringOrNull(info.Env(), tls::SelectedProtocol(engine->ssl()));
}

Napi::Value ChainBinding::Servername(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  const char* name =
      SSL_get_servername(engine->ssl(), TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return info.Env().Null();
  return Napi::String::New(info.Env(), name);
}

Napi::Value ChainBinding::GetEphemeralKey(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  const auto key = tls::PeerTemporaryKey(engine->ssl());
  if (!key) return info.Env().Null();
  auto result = Napi::Object::New(info.Env());
  result.Set("type", key->type);
  if (!key->name.empty()) result.Set("name", key->name);
  result.Set("size", key->size);
  return result;
}

Napi::Value ChainBinding::Session(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToBufferOrNull(info.Env(), tls::CurrentSession(engine->ssl()));
}

Napi::Value ChainBinding::Ticket(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToBufferOrNull(info.Env(), tls::CurrentTicket(engine->ssl()));
}

Napi::Value ChainBinding::IsSessionReused(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), SSL_session_reused(engine->ssl()) == 1);
}

Napi::Value ChainBinding::Finished(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToBufferOrNull(info.Env(), tls::FinishedMessage(engine->ssl(), false));
}

Napi::Value ChainBinding::PeerFinished(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToBufferOrNull(info.Env(), tls::FinishedMessage(engine->ssl(), true));
}

Napi::Value ChainBinding::GetSharedSigalgs(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToStringArray(info.Env(), tls::SharedSigalgs(engine->ssl()));
}

Napi::Value ChainBinding::GetOcspResponse(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return ToBufferOrNull(info.Env(), tls::OcspResponse(engine->ssl()));
}

Napi::Value ChainBinding::GetKeyingMaterial(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  std::optional<tls::ByteView> context;
  if (info[3].IsTypedArray()) context = ToView(info[3]);
  return ToBufferOrNull(
      info.Env(), tls::ExportKeyingMaterial(engine->ssl(), ToUint32(info[1]),
                                            ToText(info[2]), context));
}

Napi::Value ChainBinding::SetMaxSendFragment(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine == nullptr) return info.Env().Undefined();
  const auto size = ToUint32(info[1]);
  return Napi::Boolean::New(
      info.Env(), SSL_set_max_send_fragment(engine->ssl(), size) == 1);
}

Napi::Value ChainBinding::SetServername(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine != nullptr) {
    SSL_set_tlsext_host_name(engine->ssl(), ToText(info[1]).c_str());
  }
  return info.Env().Undefined();
}

Napi::Value ChainBinding::SetSession(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  const tls::SecureContext* context = SecureContextBinding::ContextOf(info[2]);
  if (engine != nullptr && context != nullptr) {
    engine->SetSession(ToView(info[1]), context->session_context());
  }
  return info.Env().Undefined();
}

Napi::Value ChainBinding::SetContext(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  tls::SecureContext* context = SecureContextBinding::ContextOf(info[1]);
  if (engine != nullptr && context != nullptr) {
    engine->SetContext(context->get());
  }
  return info.Env().Undefined();
}

Napi::Value ChainBinding::Trace(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine != nullptr) engine->Trace();
  return info.Env().Undefined();
}

Napi::Value ChainBinding::SetVerify(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine != nullptr) {
    engine->SetVerify(static_cast<tls::VerifyMode>(ToUint32(info[1])));
  }
  return info.Env().Undefined();
}

}  // namespace onion::binding
