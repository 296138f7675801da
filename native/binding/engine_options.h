#ifndef ONION_TLS_BINDING_ENGINE_OPTIONS_H_
#define ONION_TLS_BINDING_ENGINE_OPTIONS_H_

#include <napi.h>

#include <string>

#include "tls/engine.h"

// The structures of an engine, to and from their JavaScript form.
namespace onion::binding {

// From the arguments of `push`, but for the context and the session.
tls::EngineOptions ToEngineOptions(const Napi::CallbackInfo& info);
// Empty where none of theirs is to be resumed.
tls::ByteView ToSession(const Napi::CallbackInfo& info);
tls::ClientHelloAnswer ToClientHelloAnswer(const Napi::Object& answer);
Napi::Value ToClientHello(Napi::Env env, const tls::ClientHello& hello);
Napi::Value ToFailure(Napi::Env env, const tls::Engine& engine);
Napi::Value ToVerifyResult(Napi::Env env, long error);

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_ENGINE_OPTIONS_H_
