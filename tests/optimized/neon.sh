#!/usr/bin/env bash
# Builds the kernels for aarch64 in build/neon, runs their tests under qemu, and audits the target NEON there.
# Exit status: 0 all is well. Takes minutes.
#
# Needs Debian 12 with the packages g++-aarch64-linux-gnu and qemu-user. The libraries of that architecture are fetched
# and unpacked, not installed: no root, and no foreign architecture in dpkg.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$PWD/build/neon
root=$work/root
libraries=$root/usr/lib/aarch64-linux-gnu
packages=(libboost1.81-dev libcli11-dev libflint-arb-dev libflint-arb2 libflint-dev libflint17 libfmt-dev libfmt9
  libgmp-dev libgmp10 libgtest-dev libhwy-dev libhwy1 libmpfi-dev libmpfi0 libmpfr-dev libmpfr6 librandom123-dev
  librapidcheck-dev nlohmann-json3-dev)
emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$libraries")

if [[ ! -e $work/fetched ]]; then
  mkdir -p "$work"/{apt/lists,debs/partial,root}
  apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=
    -o Dir::State="$work/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$work/apt")
  "${apt[@]}" update
  (cd "$work/debs" && "${apt[@]}" download "${packages[@]}")
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$root"; done
  touch "$work/fetched"
fi

cmake -S . -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DEXACTLOSS_WERROR=${EXACTLOSS_WERROR-OFF}" \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
  -DCMAKE_FIND_ROOT_PATH="$root" -DCMAKE_FIND_ROOT_PATH_MODE_{LIBRARY,INCLUDE,PACKAGE}=ONLY \
  -DCMAKE_CXX_FLAGS="-isystem $root/usr/include -isystem $root/usr/include/aarch64-linux-gnu" \
  -DCMAKE_EXE_LINKER_FLAGS="-Wl,-rpath-link,$libraries" \
  "-DCMAKE_CROSSCOMPILING_EMULATOR=$(IFS=';'; echo "${emulator[*]}")"
cmake --build "$work" --target c_api_test elementwise_test functions_test exactloss
ctest --test-dir "$work" --output-on-failure -R '^(c_api|elementwise|functions)$'
"${emulator[@]}" "$work/exactloss" audit --profile smoke --subject highway/NEON/exact --subject highway/NEON/fast |
  tee "$work/audit.txt"
grep -q ', 0 failed$' "$work/audit.txt"
