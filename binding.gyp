# For `node-gyp rebuild` in a checkout. Not in the package; native/addon.gypi says why.
{
  'variables': {
    'node_addon_api': '<!(node -p "require(\'path\').dirname(require.resolve(\'node-addon-api\'))")',
  },
  'includes': ['native/addon.gypi'],
}
