// The addon's one entry: what `NativeAddon` in src/native.ts says.

#include <napi.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include <cstdlib>

#include "binding/chain_binding.h"
#include "binding/environment.h"
#include "binding/secure_context_binding.h"
#include "binding/transmit.h"

namespace onion::binding {

namespace {

Napi::Value LiveObjects(const Napi::CallbackInfo& info) {
  const Environment& environment = Environment::Of(info.Env());
  auto counts = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, size_t count) {
    counts.Set(name, static_cast<double>(count));
  };
  set("chains", environment.live_chains());
  set("engines", environment.live_engines);
  set("contexts", environment.live_contexts);
  return counts;
}

// More than V8 frees in one young collection while plaintext streams in.
constexpr size_t kLargeBlock = size_t{16} * 1024 * 1024;

// glibc hands the top of its heap back to the kernel as soon as 128 KiB of it
// are free, and gets it again fault by fault. Freeing a block that was mapped
// raises that limit to twice the block's size (mallopt(3), M_MMAP_THRESHOLD);
// not where the program has set a limit itself. No page of it is touched.
Napi::Value KeepFreedMemory(const Napi::CallbackInfo& info) {
  void* volatile block = std::malloc(kLargeBlock);
  std::free(block);
  return info.Env().Undefined();
}

}  // namespace

Environment::Environment(Napi::Env env)
    : bio_method_(tls::NewMemoryPipeMethod()),
      status_(Napi::Reference<Napi::Uint32Array>::New(
          Napi::Uint32Array::New(env, kStatusFields), 1)),
      status_data_(status_.Value().Data()) {}

uint32_t Environment::Add(ChainBinding* chain) {
  if (free_numbers_.empty()) {
    chains_.push_back(chain);
    return static_cast<uint32_t>(chains_.size() - 1);
  }
  const uint32_t number = free_numbers_.back();
  free_numbers_.pop_back();
  chains_[number] = chain;
  return number;
}

void Environment::Remove(uint32_t number) {
  chains_[number] = nullptr;
  free_numbers_.push_back(number);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);
  exports.Set("status", environment->status_array());
  exports.Set("opensslVersion", OpenSSL_version(OPENSSL_VERSION_STRING));
  exports.Set("opensslCompiledMajor", OPENSSL_VERSION_MAJOR);
  exports.Set("opensslMajor", OPENSSL_version_major());
  ChainBinding::Define(env, exports);
  SecureContextBinding::Define(env, exports);
  exports.Set("liveObjects",
              Napi::Function::New<LiveObjects>(env, "liveObjects"));
  exports.Set("keepFreedMemory",
              Napi::Function::New<KeepFreedMemory>(env, "keepFreedMemory"));
  exports.Set("transmit", Napi::Function::New<Transmit>(env, "transmit"));
  return exports;
}

NODE_API_MODULE(onion_tls, Init)

}  // namespace onion::binding
