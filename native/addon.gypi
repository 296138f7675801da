# What binding.gyp builds. Nothing is linked here on purpose: OpenSSL's symbols
# come from the Node executable, and Node's own headers describe them.
{
  'includes': ['sources.gypi'],
  'targets': [
    {
      'target_name': 'onion_tls',
      'sources': [
        '<@(onion_tls_core_sources)',
        '<@(onion_tls_binding_sources)',
      ],
      'include_dirs': [
        '.',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
      ],
      'defines': [
        'NAPI_VERSION=9',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
        # Nothing that OpenSSL 3 deprecates, and nothing newer than Node 20's.
        'OPENSSL_API_COMPAT=30000',
        'OPENSSL_NO_DEPRECATED',
      ],
      'conditions': [
        ['OS!="win"', {
          'cflags!': ['-O3', '-fno-omit-frame-pointer'],
          'cflags': [
            '-O2',
            '-Wall',
            '-Wextra',
            '-Werror',
            '-fvisibility=hidden',
            '-ffunction-sections',
            '-fdata-sections',
            '-fstack-protector-strong',
          ],
          'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fexceptions'],
          'cflags_cc': [
            '-std=c++20',
            '-fno-exceptions',
            '-fno-rtti',
            '-fvisibility-inlines-hidden',
          ],
        }],
        ['OS=="linux"', {
          'ldflags!': ['-rdynamic'],
          'ldflags': [
            '-Wl,--gc-sections',
            '-Wl,--as-needed',
            '-Wl,-Bsymbolic',
            '-Wl,-z,now',
            '-Wl,-z,relro',
            '-Wl,-z,noexecstack',
            '-Wl,--version-script=<(module_root_dir)/native/exports.map',
          ],
        }],
        ['OS=="mac"', {
          'xcode_settings': {
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
            'CLANG_CXX_LIBRARY': 'libc++',
            'DEAD_CODE_STRIPPING': 'YES',
            'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
            'GCC_ENABLE_CPP_RTTI': 'NO',
            'GCC_INLINES_ARE_PRIVATE_EXTERN': 'YES',
            'GCC_OPTIMIZATION_LEVEL': '2',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES',
            'MACOSX_DEPLOYMENT_TARGET': '11.0',
            'OTHER_LDFLAGS': [
              '-Wl,-exported_symbols_list,<(module_root_dir)/native/exports.txt',
              '-Wl,-bind_at_load',
            ],
            'WARNING_CFLAGS': ['-Wall', '-Wextra'],
          },
        }],
        # OpenSSL's headers know this machine only so.
        ['OS=="win" and target_arch=="arm64"', {
          'defines': ['OPENSSL_NO_ASM'],
        }],
        ['OS=="win"', {
          'defines': ['NOMINMAX', 'WIN32_LEAN_AND_MEAN', '_HAS_EXCEPTIONS=0'],
          'msvs_settings': {
            'VCCLCompilerTool': {
              'AdditionalOptions!': ['-std:c++17'],
              'AdditionalOptions': ['-std:c++20', '/utf-8', '/permissive-'],
              'ExceptionHandling': 0,
              'RuntimeTypeInfo': 'false',
              'WarningLevel': 3,
              'WarnAsError': 'true',
            },
            'VCLinkerTool': {
              'OptimizeReferences': 2,
              'EnableCOMDATFolding': 2,
            },
          },
        }],
      ],
    },
  ],
}
