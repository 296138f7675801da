#include "binding/transmit.h"

#ifndef _WIN32
#include <sys/socket.h>
#endif

#include <algorithm>

#include "binding/convert.h"

namespace onion::binding {

namespace {

#ifdef _WIN32

// A socket has no descriptor there.
size_t Send(int /*descriptor*/, tls::ByteView /*bytes*/) { return 0; }

#else

#ifndef MSG_NOSIGNAL
// macOS: libuv has set SO_NOSIGPIPE.
constexpr int MSG_NOSIGNAL = 0;
#endif

size_t Send(int descriptor, tls::ByteView bytes) {
  const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent > 0 ? static_cast<size_t>(sent) : 0;
}

#endif

}  // namespace

Napi::Value Transmit(const Napi::CallbackInfo& info) {
  const tls::ByteView bytes = ToView(info[1]);
  const size_t length = std::min<size_t>(ToUint32(info[2]), bytes.size());
  const int descriptor = static_cast<int>(ToUint32(info[0]));
  const size_t sent = Send(descriptor, bytes.first(length));
  return Napi::Number::New(info.Env(), static_cast<double>(sent));
}

}  // namespace onion::binding
