#ifndef ONION_TLS_BINDING_ENVIRONMENT_H_
#define ONION_TLS_BINDING_ENVIRONMENT_H_

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "binding/handshake_pool.h"
#include "tls/bio.h"
#include "tls/chain.h"
#include "tls/secure_context.h"
#include "tls/trust_store.h"

namespace onion::binding {

class ChainBinding;

// The fields of the status block; see Status in src/native.ts.
inline constexpr size_t kStatusFields = 14;

// What the addon keeps for one JavaScript environment (the main thread, a
// worker, a Jest module registry). It lives as long as the environment.
class Environment {
 public:
  explicit Environment(Napi::Env env);

  static Environment& Of(Napi::Env env) {
    return *env.GetInstanceData<Environment>();
  }

  [[nodiscard]] const BIO_METHOD* bio_method() const {
    return bio_method_.get();
  }
  tls::Workspace& workspace() { return workspace_; }
  HandshakePool& handshake_pool() { return handshake_pool_; }
  // The block that each call on a chain fills in; see Status in src/native.ts.
  uint32_t* status() { return status_data_; }
  Napi::Value status_array() { return status_.Value(); }

  // Gives a chain a number by which calls can name it; it has it until Remove.
  uint32_t Add(ChainBinding* chain);
  void Remove(uint32_t number);
  // Null for a number that no chain has.
  [[nodiscard]] ChainBinding* chain(uint32_t number) const {
    return number < chains_.size() ? chains_[number] : nullptr;
  }

  Napi::FunctionReference secure_context_constructor;
  // Verifies peers of contexts without CAs of their own.
  tls::TrustStore default_trust;
  [[nodiscard]] size_t live_chains() const {
    return chains_.size() - free_numbers_.size();
  }
  size_t live_engines = 0;
  size_t live_contexts = 0;

 private:
  std::vector<ChainBinding*> chains_;
  std::vector<uint32_t> free_numbers_;
  tls::BioMethodPointer bio_method_;
  tls::Workspace workspace_;
  HandshakePool handshake_pool_;
  Napi::Reference<Napi::Uint32Array> status_;
  // Its memory, which stays where it is: asking for it costs two calls.
  uint32_t* status_data_;
};

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_ENVIRONMENT_H_
