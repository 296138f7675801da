#!/bin/sh
# The Debian packages that `npm run prebuild` and `npm run test:install` need, on Debian 12 on x64.
set -eu
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
  mmdebstrap bubblewrap ca-certificates git \
  g++ make python3 cmake \
  g++-mingw-w64-x86-64-posix g++-aarch64-linux-gnu \
  qemu-user-static musl-tools
