#ifndef ONION_TLS_BENCH_LOOP_H_
#define ONION_TLS_BENCH_LOOP_H_

#include <cstddef>
#include <string_view>

namespace onion::bench {

struct Work {
  size_t depth = 1;
  size_t bytes = 0;
  size_t write_size = 0;
  std::string_view key;  // PEM
  std::string_view certificate;
};

// Each moves `bytes` one way through `depth` layers in memory, both ends on the
// calling thread, and returns the seconds it took; negative: it went wrong.

// What one would write by hand: SSL_write and SSL_read over BIO_s_mem, a whole
// write per layer.
double RunLoop(const Work& work);

// The same through tls::Chain.
double RunChain(const Work& work);

// The cipher alone: EVP AES-256-GCM over records of 16 KiB.
double RunGcm(const Work& work);

}  // namespace onion::bench

#endif  // ONION_TLS_BENCH_LOOP_H_
