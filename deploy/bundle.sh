#!/bin/sh
# Pack all a machine without a registry needs: the images, the compose file, what it mounts.
# Usage: deploy/bundle.sh [directory, default dist]; there: cadre-<version>.tar
set -eu

cd "$(dirname "$0")/.."
target=${1:-dist}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
name=cadre-$version
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

for image in nats:2.15-alpine postgres:16-alpine; do
  docker image inspect "$image" >/dev/null 2>&1 || docker pull "$image"
done
docker build --quiet --file deploy/Dockerfile --tag "cadre:$version" . >/dev/null

mkdir -p "$target" "$stage/$name/shared/src/cadre/shared"
docker save "cadre:$version" nats:2.15-alpine postgres:16-alpine | gzip >"$stage/$name/images.tar.gz"
cp docker-compose.yml "$stage/$name/"
cp -R deploy "$stage/$name/"
cp shared/src/cadre/shared/nats-server.conf "$stage/$name/shared/src/cadre/shared/"
(cd "$stage/$name" && find . -type f ! -name SHA256SUMS -exec sha256sum {} + >SHA256SUMS)
tar -C "$stage" -cf "$target/$name.tar" "$name"
echo "$target/$name.tar"
