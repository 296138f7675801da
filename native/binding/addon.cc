// The addon's one entry: what `NativeAddon` in src/native.ts says.

#include <napi.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "binding/chain_binding.h"
#include "binding/environment.h"
#include "binding/secure_context_binding.h"

namespace onion::binding {

namespace {

Napi::Value LiveObjects(const Napi::CallbackInfo& info) {
  const Environment& environment = Environment::Of(info.Env());
  auto counts = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, size_t count) {
    counts.Set(name, static_cast<double>(count));
  };
  set("chains", environment.live_chains);
  set("engines", environment.live_engines);
  set("contexts", environment.live_contexts);
  return counts;
}

}  // namespace

Environment::Environment(Napi::Env env)
    : bio_method_(tls::NewMemoryPipeMethod()),
      status_(Napi::Reference<Napi::Uint32Array>::New(
          Napi::Uint32Array::New(env, kStatusFields), 1)) {}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);
  exports.Set("status", environment->status_array());
  exports.Set("opensslVersion", OpenSSL_version(OPENSSL_VERSION_STRING));
  exports.Set("opensslCompiledMajor", OPENSSL_VERSION_MAJOR);
  exports.Set("opensslMajor", OPENSSL_version_major());
  exports.Set("Chain", ChainBinding::Define(env));
  SecureContextBinding::Define(env, exports);
  exports.Set("liveObjects",
              Napi::Function::New<LiveObjects>(env, "liveObjects"));
  return exports;
}

NODE_API_MODULE(onion_tls, Init)

}  // namespace onion::binding
