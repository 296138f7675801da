#ifndef ONION_TLS_TLS_BIO_H_
#define ONION_TLS_TLS_BIO_H_

#include <openssl/bio.h>

#include <memory>

#include "tls/bytes.h"

namespace onion::tls {

// The two directions of an SSL object: it reads from a slice of the caller's
// and writes to a sink. Bytes are copied once on each side, and only when
// OpenSSL asks for them: with read_ahead off it asks for a record's header and
// then for its body, so what follows the last record stays in the slice.
struct MemoryPipe {
  ByteView input;
  Outlet* output = nullptr;
  uint64_t written = 0;
  // Where OpenSSL keeps a record that it reads or writes, as of the last one:
  // it tends to stay there.
  const uint8_t* read_record = nullptr;
  const uint8_t* written_record = nullptr;
};

struct BioMethodDeleter {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
using BioMethodPointer = std::unique_ptr<BIO_METHOD, BioMethodDeleter>;

// One method table serves all engines of an environment.
BioMethodPointer NewMemoryPipeMethod();

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_BIO_H_
