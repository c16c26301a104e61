# How the addon is compiled. The checkout's binding.gyp includes this; in the package there is no binding.gyp, and install.mjs
# makes one in a folder of its own: package managers compile whatever has one, asked or not. Paths count from the includer, which
# also says where node-addon-api is.
{
  'variables': {
    # Set with `node-gyp rebuild -- -Dtb_test=1`: also build the fault-injection addon of the tests. Its sources are
    # not part of the package.
    'tb_test%': 0,
    'engine_sources': [
      'native/crc32c.cc',
      'native/crc32c_arm64.cc',
      'native/crc32c_avx512.cc',
      'native/crc32c_combine.cc',
      'native/crc32c_portable.cc',
      'native/crc32c_sse42.cc',
      'native/descriptor.cc',
      'native/environment.cc',
      'native/errno_names.cc',
      'native/export_copying.cc',
      'native/export_crc32c.cc',
      'native/export_detaching.cc',
      'native/export_directories.cc',
      'native/export_files.cc',
      'native/export_mapping.cc',
      'native/export_ranges.cc',
      'native/export_shards.cc',
      'native/exports.cc',
      'native/file_calls.cc',
      'native/job.cc',
      'native/js_arguments.cc',
      'native/js_buffer.cc',
      'native/js_error.cc',
      'native/js_handle.cc',
      'native/mapping.cc',
      'native/posix_operations.cc',
      'native/range_reader.cc',
      'native/residence.cc',
      'native/shard_writer.cc',
      'native/status.cc',
      'native/strand.cc',
      'native/stream_copy.cc',
      'native/thread_pool.cc',
      'native/transfer.cc',
    ],
    # As lists, because gyp takes a path in place for one below this file's own folder.
    'addon_sources': ['native/addon.cc'],
    'fault_sources': ['native/faults/addon.cc', 'native/faults/fault_operations.cc'],
  },
  'target_defaults': {
    'defines': [
      'NAPI_VERSION=8',
      'NAPI_CPP_EXCEPTIONS',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
      # A worker that is being terminated refuses every exception: that must not end the process.
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      '_FILE_OFFSET_BITS=64',
    ],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
    'cflags_cc': [
      '-std=c++17',
      '-fexceptions',
      '-fvisibility=hidden',
      '-Wall',
      '-Wextra',
      '-Werror',
      # A system header: its warnings are not ours.
      '-isystem', '<(node_addon_api)',
    ],
    'conditions': [
      # Never unloaded, as the prebuilds (tools/prebuild/targets.mjs says why); macOS: native/residence.cc.
      ['OS!="mac" and OS!="win"', { 'ldflags': ['-Wl,-z,nodelete'] }],
    ],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES',
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
      'sources': ['<@(engine_sources)', '<@(addon_sources)'],
    },
  ],
  'conditions': [
    ['tb_test==1', {
      'targets': [
        {
          'target_name': 'tensorbundle_faults',
          'include_dirs': ['.'],
          'sources': ['<@(engine_sources)', '<@(fault_sources)'],
        },
      ],
    }],
  ],
}
