#!/usr/bin/env bash
# The steps of a release. release.yml runs them on GitHub, and test/release rehearses them on one machine.
#   deploy/release.sh check IMAGE TAG              refuses a tag that must not be released; prints the version
#   deploy/release.sh build IMAGE VERSION [OPTION...]  builds for both architectures, pushes, and prints the digest
#   deploy/release.sh sign IMAGE@DIGEST [OPTION...]     signs the index, and the image of each architecture
#   deploy/release.sh run IMAGE@DIGEST             runs it hardened, and prints where it listens
#   deploy/release.sh latest IMAGE@DIGEST TAG      lets `latest` be that image, unless there is a later version
# Needs Docker with buildx, git and jq, and cosign to sign.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "release: $*" >&2
  exit 1
}

check() {
  local image=$1 tag=$2 version
  version=$(jq --raw-output .version package.json)
  [[ $tag = "v$version" ]] || fail "the tag is $tag, but package.json has $version"
  git merge-base --is-ancestor "$tag^{commit}" origin/main || fail "$tag is not on main"
  ! docker buildx imagetools inspect "$image:$version" >/dev/null 2>&1 ||
    fail "$image:$version exists already"
  echo "$version"
}

build() {
  local image=$1 version=$2 metadata
  shift 2
  metadata=$(mktemp)
  docker buildx build --file Dockerfile.multistage --platform linux/amd64,linux/arm64 \
    --provenance mode=max --sbom true --push --tag "$image:$version" \
    --metadata-file "$metadata" "$@" . >&2
  jq --exit-status --raw-output '."containerimage.digest"' "$metadata"
  rm "$metadata"
}

sign() {
  local image=$1
  shift
  cosign sign --yes --recursive "$@" "$image"
}

run() {
  local id
  id=$(docker run --detach --publish 127.0.0.1::8080 \
    --read-only --cap-drop ALL --security-opt no-new-privileges "$1")
  echo "http://$(docker port "$id" 8080/tcp)"
}

# The latest version of all tags on main; one with a hyphen, such as v1.1.0-rc.1, is none.
latest() {
  local image=$1 tag=$2 newest
  newest=$(git tag --list 'v*' --merged origin/main | sed '/-/d' | sort --version-sort | tail -n 1)
  if [[ $tag = "$newest" ]]; then
    docker buildx imagetools create --tag "${image%@*}:latest" "$image"
  else
    echo "release: latest stays, since $tag is not the latest version, which is $newest" >&2
  fi
}

step=$1
shift
case $step in
  check | build | sign | run | latest) "$step" "$@" ;;
  *) fail "knows no step $step" ;;
esac
