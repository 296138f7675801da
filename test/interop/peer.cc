// A peer made of wolfSSL; test/support/scripted-peer.ts says what it is told.

// Before all others of its headers.
#include <wolfssl/options.h>
// After it.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfio.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// The value of a key in a line of JSON whose strings have nothing to escape.
std::string Field(const std::string& line, const std::string& key) {
  const std::string start = "\"" + key + "\":";
  const size_t at = line.find(start);
  if (at == std::string::npos) return "";
  const size_t from = at + start.size();
  if (line[from] == '"') {
    return line.substr(from + 1, line.find('"', from + 1) - from - 1);
  }
  return line.substr(from, line.find_first_of(",}", from) - from);
}

int ReadBelow(WOLFSSL* /*layer*/, char* bytes, int size, void* below) {
  const int count = wolfSSL_read(static_cast<WOLFSSL*>(below), bytes, size);
  return count > 0 ? count : WOLFSSL_CBIO_ERR_CONN_CLOSE;
}

int WriteBelow(WOLFSSL* /*layer*/, char* bytes, int size, void* below) {
  const int count = wolfSSL_write(static_cast<WOLFSSL*>(below), bytes, size);
  return count > 0 ? count : WOLFSSL_CBIO_ERR_GENERAL;
}

class Peer {
 public:
  explicit Peer(int transport) : transport_(transport) {}

  std::string Perform(const std::string& line) {
    const std::string what = Field(line, "do");
    if (what == "start") return Start(line);
    if (what == "stop") return Stop();
    if (what == "write") return Write(Field(line, "text"));
    if (what == "read") return Read(std::stoul(Field(line, "length")));
    if (what == "rest") return Rest();
    if (what == "end") return End();
    throw std::runtime_error("no such command");
  }

 private:
  std::string Start(const std::string& line) {
    const bool is_server = Field(line, "server") == "true";
    const std::string cert = Field(line, "cert");
    WOLFSSL_CTX* context = wolfSSL_CTX_new(
        is_server ? wolfSSLv23_server_method() : wolfSSLv23_client_method());
    const std::string ca = Field(line, "ca");
    wolfSSL_CTX_load_verify_locations(context, ca.c_str(), nullptr);
    wolfSSL_CTX_use_certificate_file(context, cert.c_str(), SSL_FILETYPE_PEM);
    wolfSSL_CTX_use_PrivateKey_file(context, cert.c_str(), SSL_FILETYPE_PEM);
    if (Field(line, "max") == "TLSv1.2") {
      wolfSSL_CTX_set_options(context, WOLFSSL_OP_NO_TLSv1_3);
    }
    if (!layers_.empty()) {
      wolfSSL_CTX_SetIORecv(context, ReadBelow);
      wolfSSL_CTX_SetIOSend(context, WriteBelow);
    }
    WOLFSSL* layer = wolfSSL_new(context);
    if (layers_.empty()) {
      wolfSSL_set_fd(layer, transport_);
    } else {
      wolfSSL_SetIOReadCtx(layer, layers_.back());
      wolfSSL_SetIOWriteCtx(layer, layers_.back());
    }
    const std::string name = Field(line, "name");
    if (!is_server) {
      wolfSSL_check_domain_name(layer, name.c_str());
      wolfSSL_UseSNI(layer, WOLFSSL_SNI_HOST_NAME, name.data(),
                     static_cast<unsigned short>(name.size()));
    }
    layers_.push_back(layer);
    const int done = is_server ? wolfSSL_accept(layer) : wolfSSL_connect(layer);
    if (done != WOLFSSL_SUCCESS) Fail(done);
    return R"("version":")" + std::string(wolfSSL_get_version(layer)) + "\"";
  }

  std::string Stop() {
    wolfSSL_shutdown(layers_.back());
    const std::string rest = Drain();
    if (!rest.empty()) throw std::runtime_error("more before close_notify");
    layers_.pop_back();
    return "";
  }

  std::string Write(const std::string& text) {
    const int size = static_cast<int>(text.size());
    const int count =
        layers_.empty() ? static_cast<int>(write(transport_, text.data(), size))
                        : wolfSSL_write(layers_.back(), text.data(), size);
    if (count != size) Fail(count);
    return "";
  }

  std::string Read(size_t length) {
    std::string text(length, '\0');
    for (size_t have = 0; have < length;) {
      const int size = static_cast<int>(length - have);
      const int count =
          layers_.empty()
              ? static_cast<int>(read(transport_, &text[have], size))
              : wolfSSL_read(layers_.back(), &text[have], size);
      if (count <= 0) Fail(count);
      have += static_cast<size_t>(count);
    }
    return R"("text":")" + text + "\"";
  }

  std::string Rest() { return R"("text":")" + Drain() + "\""; }

  // To the end of the innermost layer, which has to be a clean one.
  std::string Drain() {
    std::string rest;
    char bytes[1024];
    for (;;) {
      const int count = wolfSSL_read(layers_.back(), bytes, sizeof bytes);
      if (count <= 0) {
        const int error = wolfSSL_get_error(layers_.back(), count);
        if (error != WOLFSSL_ERROR_ZERO_RETURN) Fail(count);
        return rest;
      }
      rest.append(bytes, static_cast<size_t>(count));
    }
  }

  std::string End() {
    for (; !layers_.empty(); layers_.pop_back()) {
      wolfSSL_shutdown(layers_.back());
    }
    shutdown(transport_, SHUT_WR);
    char bytes[1024];
    while (read(transport_, bytes, sizeof bytes) > 0) {
    }
    return "";
  }

  [[noreturn]] void Fail(int result) {
    if (layers_.empty()) throw std::runtime_error("the transport has ended");
    WOLFSSL_ALERT_HISTORY history;
    wolfSSL_get_alert_history(layers_.back(), &history);
    if (history.last_rx.code > 0) {
      throw std::runtime_error(
          wolfSSL_alert_desc_string_long(history.last_rx.code));
    }
    const int error = wolfSSL_get_error(layers_.back(), result);
    throw std::runtime_error(
        wolfSSL_ERR_reason_error_string(static_cast<unsigned long>(error)));
  }

  int transport_;
  std::vector<WOLFSSL*> layers_;
};

int ConnectTo(const char* port) {
  const int transport = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (connect(transport, generic, sizeof address) != 0) std::exit(1);
  return transport;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 1;
  wolfSSL_Init();
  Peer peer(ConnectTo(arguments[1]));
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const std::string answer = peer.Perform(line);
      std::cout << "{" << answer << "}" << std::endl;
    } catch (const std::exception& error) {
      std::cout << R"({"error":")" << error.what() << "\"}" << std::endl;
    }
  }
  return 0;
}
