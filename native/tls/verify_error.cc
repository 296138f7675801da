#include <openssl/x509_vfy.h>

#include <array>

#include "tls/connection_info.h"

namespace onion::tls {

namespace {

struct VerifyErrorName {
  int error;
  const char* name;
};

// The constants of X509_STORE_CTX_get_error(3) that node:tls knows by name.
constexpr std::array kNames = {
    VerifyErrorName{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
                    "UNABLE_TO_GET_ISSUER_CERT"},
    VerifyErrorName{X509_V_ERR_UNABLE_TO_GET_CRL, "UNABLE_TO_GET_CRL"},
    VerifyErrorName{X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE,
                    "UNABLE_TO_DECRYPT_CERT_SIGNATURE"},
    VerifyErrorName{X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
                    "UNABLE_TO_DECRYPT_CRL_SIGNATURE"},
    VerifyErrorName{X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
                    "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY"},
    VerifyErrorName{X509_V_ERR_CERT_SIGNATURE_FAILURE,
                    "CERT_SIGNATURE_FAILURE"},
    VerifyErrorName{X509_V_ERR_CRL_SIGNATURE_FAILURE, "CRL_SIGNATURE_FAILURE"},
    VerifyErrorName{X509_V_ERR_CERT_NOT_YET_VALID, "CERT_NOT_YET_VALID"},
    VerifyErrorName{X509_V_ERR_CERT_HAS_EXPIRED, "CERT_HAS_EXPIRED"},
    VerifyErrorName{X509_V_ERR_CRL_NOT_YET_VALID, "CRL_NOT_YET_VALID"},
    VerifyErrorName{X509_V_ERR_CRL_HAS_EXPIRED, "CRL_HAS_EXPIRED"},
    VerifyErrorName{X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD,
                    "ERROR_IN_CERT_NOT_BEFORE_FIELD"},
    VerifyErrorName{X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
                    "ERROR_IN_CERT_NOT_AFTER_FIELD"},
    VerifyErrorName{X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
                    "ERROR_IN_CRL_LAST_UPDATE_FIELD"},
    VerifyErrorName{X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
                    "ERROR_IN_CRL_NEXT_UPDATE_FIELD"},
    VerifyErrorName{X509_V_ERR_OUT_OF_MEM, "OUT_OF_MEM"},
    VerifyErrorName{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                    "DEPTH_ZERO_SELF_SIGNED_CERT"},
    VerifyErrorName{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                    "SELF_SIGNED_CERT_IN_CHAIN"},
    VerifyErrorName{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"},
    VerifyErrorName{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
                    "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
    VerifyErrorName{X509_V_ERR_CERT_CHAIN_TOO_LONG, "CERT_CHAIN_TOO_LONG"},
    VerifyErrorName{X509_V_ERR_CERT_REVOKED, "CERT_REVOKED"},
    VerifyErrorName{X509_V_ERR_INVALID_CA, "INVALID_CA"},
    VerifyErrorName{X509_V_ERR_PATH_LENGTH_EXCEEDED, "PATH_LENGTH_EXCEEDED"},
    VerifyErrorName{X509_V_ERR_INVALID_PURPOSE, "INVALID_PURPOSE"},
    VerifyErrorName{X509_V_ERR_CERT_UNTRUSTED, "CERT_UNTRUSTED"},
    VerifyErrorName{X509_V_ERR_CERT_REJECTED, "CERT_REJECTED"},
    VerifyErrorName{X509_V_ERR_HOSTNAME_MISMATCH, "HOSTNAME_MISMATCH"},
};

}  // namespace

std::string VerifyErrorCode(long error) {
  if (error == X509_V_OK) return {};
  for (const VerifyErrorName& entry : kNames) {
    if (entry.error == error) return entry.name;
  }
  return "UNSPECIFIED";
}

}  // namespace onion::tls
