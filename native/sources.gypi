# The one list of the addon's sources: addon.gypi includes it, CMakeLists.txt
# reads it line by line (so: one path a line, in single quotes).
{
  'variables': {
    'onion_tls_core_sources': [
      'native/tls/bio.cc',
      'native/tls/chain.cc',
      'native/tls/chain_outbound.cc',
      'native/tls/client_hello.cc',
      'native/tls/connection_info.cc',
      'native/tls/credentials.cc',
      'native/tls/engine.cc',
      'native/tls/engine_setup.cc',
      'native/tls/error_queue.cc',
      'native/tls/pem.cc',
      'native/tls/sealer.cc',
      'native/tls/secure_context.cc',
      'native/tls/signature_cache.cc',
      'native/tls/ticket_keys.cc',
      'native/tls/trust_store.cc',
      'native/tls/verify_error.cc',
      'native/tls/workspace.cc',
    ],
    'onion_tls_binding_sources': [
      'native/binding/addon.cc',
      'native/binding/chain_binding.cc',
      'native/binding/chain_handshake_binding.cc',
      'native/binding/chain_info_binding.cc',
      'native/binding/context_options.cc',
      'native/binding/convert.cc',
      'native/binding/engine_options.cc',
      'native/binding/handshake_pool.cc',
      'native/binding/secure_context_binding.cc',
      'native/binding/transmit.cc',
    ],
  },
}
