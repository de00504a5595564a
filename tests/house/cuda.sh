#!/usr/bin/env bash
# tests/house/cuda.sh BUILD NVCC: the GPU module of this build is whole: it shows one name, and nothing
# in it joins a product and a sum (-fmad=false), which the processor does not do either.
. "$(dirname "$0")/check.sh"
build=${1:-build} nvcc=${2:-nvcc}
command -v "$nvcc" >/dev/null || {
    echo "skipped: no nvcc, so tamis_cuda.so is not built"
    exit 77
}
[ -f "$build/clean/tamis_cuda.so" ] || {
    echo "skipped: this build leaves tamis_cuda.so out (-Dcuda=disabled, or nvcc has no g++)"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$build/clean/tamis_cuda.so" | awk '{print $3}' | grep -vx 'tamis_cuda' |
    complain 'tamis_cuda.so shows another name'
nm -D --defined-only "$build/clean/tamis_cuda.so" | grep -q ' tamis_cuda$' ||
    echo 'tamis_cuda' | complain 'tamis_cuda.so does not show'
flags=$(grep -oE -- '-fmad=[a-z]+' "$build/build.ninja" | sort -u | tr '\n' ' ')
# shellcheck disable=SC2086 # a flag a word
"$nvcc" -ptx -O3 -std=c++17 $flags -I . -o "$work/device.ptx" clean/device_cuda.cu
grep -c 'sub\.f64\|sub\.rn\.f64' "$work/device.ptx" | grep -x 0 | complain 'no arithmetic was found in'
grep -nE '\bfma\.' "$work/device.ptx" | complain 'joins a product and a sum'
finish
