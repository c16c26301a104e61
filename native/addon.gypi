# How the addon is compiled. The checkout's binding.gyp includes this file. The package has no binding.gyp, since
# package managers compile every package that has one; install.mjs makes one in a temporary folder. Paths are relative
# to the including file, which also says where node-addon-api is.
{
  'variables': {
    # Set with `node-gyp rebuild -- -Dtb_test=1`: also build the fault-injection addon of the tests. Its sources are
    # not part of the package.
    'tb_test%': 0,
    # Set only in CI: a warning is an error. A user's compiler may be newer than this source and have more warnings.
    'tb_strict%': 0,
    'crc32c_sources': [
      'native/crc32c/crc32c.cc',
      'native/crc32c/crc32c_arm64.cc',
      'native/crc32c/crc32c_avx2.cc',
      'native/crc32c/crc32c_avx512.cc',
      'native/crc32c/crc32c_combine.cc',
      'native/crc32c/crc32c_pmull.cc',
      'native/crc32c/crc32c_portable.cc',
      'native/crc32c/crc32c_sse42.cc',
    ],
    'engine_sources': [
      'native/engine/brief_wait.cc',
      'native/engine/checksummed_copy.cc',
      'native/engine/descriptor.cc',
      'native/engine/error.cc',
      'native/engine/file_calls.cc',
      'native/engine/job.cc',
      'native/engine/mapping.cc',
      'native/engine/open_files.cc',
      'native/engine/plain_table.cc',
      'native/engine/posix_memory.cc',
      'native/engine/posix_operations.cc',
      'native/engine/posix_random.cc',
      'native/engine/range_reader.cc',
      'native/engine/shard_writer.cc',
      'native/engine/status.cc',
      'native/engine/strand.cc',
      'native/engine/thread_pool.cc',
      'native/engine/transfer.cc',
    ],
    # The sources that use Node-API.
    'node_sources': [
      'native/node/call.cc',
      'native/node/environment.cc',
      'native/node/export_copying.cc',
      'native/node/export_crc32c.cc',
      'native/node/export_detaching.cc',
      'native/node/export_directories.cc',
      'native/node/export_files.cc',
      'native/node/export_mapping.cc',
      'native/node/export_open.cc',
      'native/node/export_memory.cc',
      'native/node/export_ranges.cc',
      'native/node/export_shards.cc',
      'native/node/export_steps.cc',
      'native/node/exports.cc',
      'native/node/js_arguments.cc',
      'native/node/js_buffer.cc',
      'native/node/js_error.cc',
      'native/node/js_handle.cc',
      'native/node/js_values.cc',
      'native/node/promised_job.cc',
      'native/node/residence.cc',
    ],
    # As lists, because gyp takes a path written directly in a target as relative to the folder of this file.
    'addon_sources': ['native/node/addon.cc'],
    'fault_sources': ['native/faults/addon.cc', 'native/faults/fault_operations.cc'],
  },
  'target_defaults': {
    'defines': [
      'NAPI_VERSION=8',
      'NAPI_CPP_EXCEPTIONS',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
      # A worker that is being terminated refuses every exception. That must not end the process.
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      '_FILE_OFFSET_BITS=64',
    ],
    'include_dirs': ['.'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
    'cflags_cc': [
      '-std=c++17',
      '-fexceptions',
      '-fvisibility=hidden',
      '-Wall',
      '-Wextra',
      # As a system header, so that its warnings are not shown.
      '-isystem', '<(node_addon_api)',
    ],
    'conditions': [
      # Never unloaded, like the prebuilds (tools/prebuild/targets.mjs says why). For macOS see
      # native/node/residence.cc.
      ['OS!="mac" and OS!="win"', { 'ldflags': ['-Wl,-z,nodelete'] }],
      ['tb_strict==1', {
        'cflags_cc': ['-Werror'],
        'xcode_settings': { 'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES' },
      }],
    ],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CFLAGS': [
        '-Wall',
        '-Wextra',
        '-isystem', '<(node_addon_api)',
      ],
    },
  },
  'targets': [
    {
      'target_name': 'tensorbundle',
      'sources': ['<@(crc32c_sources)', '<@(engine_sources)', '<@(node_sources)', '<@(addon_sources)'],
    },
  ],
  'conditions': [
    ['tb_test==1', {
      'targets': [
        {
          'target_name': 'tensorbundle_faults',
          'sources': ['<@(crc32c_sources)', '<@(engine_sources)', '<@(node_sources)', '<@(fault_sources)'],
        },
      ],
    }],
  ],
}
