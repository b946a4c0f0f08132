#!/bin/sh
# Write a .env with fresh secrets, from the names in .env.example. Never touches one that exists.
# Usage: deploy/make-env.sh [file, default .env]
set -eu

cd "$(dirname "$0")/.."
target=${1:-.env}
if [ -e "$target" ]; then
  echo "$target exists; the data can only be read with its keys, so it is left alone" >&2
  exit 1
fi

umask 077
# A password begins with a letter, or nats-server might read it as a number.
password() { printf 'p%s' "$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n')"; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

while IFS= read -r line; do
  case $line in
    *_KEY=* | *_KEY_[A-Z]*=) printf '%s%s\n' "$line" "$(key)" ;;
    *PASSWORD*= | *_TOKEN=) printf '%s%s\n' "$line" "$(password)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <deploy/.env.example >"$target.new"
mv "$target.new" "$target"
echo "wrote $target: back it up apart from the data; without CADRE_MASTER_KEY nobody is readable"
