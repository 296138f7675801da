// The loops as an addon, so that they run over the same OpenSSL as everything
// else: the one inside the Node executable.
#include <node_api.h>

#include <string>

#include "bench/loop.h"

namespace onion::bench {

namespace {

using Runner = double (*)(const Work&);

std::string ToString(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

size_t ToSize(napi_env env, napi_value value) {
  int64_t number = 0;
  napi_get_value_int64(env, value, &number);
  return static_cast<size_t>(number);
}

// (depth, bytes, writeSize, key, certificate) => seconds
template <Runner run>
napi_value Call(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  size_t count = 5;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  const std::string key = ToString(env, arguments[3]);
  const std::string certificate = ToString(env, arguments[4]);
  Work work;
  work.depth = ToSize(env, arguments[0]);
  work.bytes = ToSize(env, arguments[1]);
  work.write_size = ToSize(env, arguments[2]);
  work.key = key;
  work.certificate = certificate;
  napi_value seconds = nullptr;
  napi_create_double(env, run(work), &seconds);
  return seconds;
}

void Define(napi_env env, napi_value exports, const char* name,
            napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr,
                       &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

napi_value Initialize(napi_env env, napi_value exports) {
  Define(env, exports, "loop", Call<RunLoop>);
  Define(env, exports, "chain", Call<RunChain>);
  Define(env, exports, "gcm", Call<RunGcm>);
  return exports;
}

}  // namespace onion::bench

NAPI_MODULE_INIT() { return onion::bench::Initialize(env, exports); }
