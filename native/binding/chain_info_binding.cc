// What can be asked of one layer and set on it. None of it moves bytes.

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <iterator>

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
      InstanceMethod<&C::Summary>("summary"),
      InstanceMethod<&C::VerifyResult>("verifyResult"),
      InstanceMethod<&C::DhKeyBits>("dhKeyBits"),
      InstanceMethod<&C::PeerCertificates>("peerCertificates"),
      InstanceMethod<&C::HasPeerCertificate>("hasPeerCertificate"),
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

Napi::Value ChainBinding::DhKeyBits(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), tls::DhKeyBits(engine->ssl()));
}

// What is kept of a layer that goes, in one call.
Napi::Value ChainBinding::Summary(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  tls::Engine* engine = EngineArgument(info);
  if (engine == nullptr) return env.Undefined();
  const Napi::Value values[] = {
      Stats(info),      Napi::String::New(env, SSL_get_version(engine->ssl())),
      Cipher(info),     AlpnProtocol(info),
      Servername(info),
  };
  auto list = Napi::Array::New(env, std::size(values));
  for (uint32_t i = 0; i < std::size(values); i++) list.Set(i, values[i]);
  return list;
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

Napi::Value ChainBinding::HasPeerCertificate(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineAsked(info);
  if (engine == nullptr) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), tls::HasPeerCertificate(*engine));
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
  if (engine != nullptr) engine->SetSession(ToView(info[1]));
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
