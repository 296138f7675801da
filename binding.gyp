# The canonical build (node-gyp, prebuildify). The npm package has the part that
# is included, and not this file: package managers take its name for an order
# to compile. scripts/compile.cjs writes it there when it is wanted.
{ 'includes': ['native/addon.gypi'] }
