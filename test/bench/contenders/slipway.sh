# slipway of this checkout, or the program that SLIPWAY names. Sourced by a benchmark runner, which gives STATE (a private
# folder), REGISTRY and REPO, and calls the functions in the folder of the context.
# WERF_BUILDAH_MODE says how instructions are isolated; chroot by default, as the peers do it.
SLIPWAY=${SLIPWAY:-$(dirname "${BASH_SOURCE[0]}")/../../../scripts/slipway}
export WERF_HOME=$STATE/home/.slipway WERF_BUILDAH_MODE=${WERF_BUILDAH_MODE:-native-chroot}

setup() {
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/root"\nrunroot = "%s/run"\n' "$STATE" "$STATE" >"$STATE/storage.conf"
}
build() { CONTAINERS_STORAGE_CONF=$STATE/storage.conf "$SLIPWAY" build --repo "$REGISTRY/$REPO" "$@"; }
version() { "$SLIPWAY" version; }
