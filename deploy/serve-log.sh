#!/bin/sh
# Start nats-server where its disk takes writes, and end it when that was not so.
# Usage: serve-log.sh nats-server --config …; reads CADRE_NATS_STORE and CADRE_NATS_MONITOR.
#
# A stream whose disk was full for a moment answers no write until its server is started anew, and
# says so nowhere but in /healthz. So the server is ended when trial writes fail for long, when
# they have failed and work again, or when it tells of a write error. Docker starts it again.
set -u

store=${CADRE_NATS_STORE:?}
monitor=${CADRE_NATS_MONITOR:-127.0.0.1:8222}
trial=$store/.write-trial
every_s=2
patience=5 # trials

block=0123456789abcdef
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do block=$block$block; done # 64 KB

tell() { echo "serve-log: $*" >&2; }

# Through cat, which unlike a shell says when nothing could be written. Emptied, not removed.
writes() { printf %s "$block" | cat 2>/dev/null >"$trial" && : >"$trial"; }

silent() {
  answer=$(printf 'GET /healthz HTTP/1.0\r\n\r\n' | nc -w 3 "${monitor%:*}" "${monitor##*:}" 2>/dev/null)
  case $answer in *"write error"*) return 0 ;; esac
  return 1
}

watch() {
  failed=0
  while sleep $every_s; do
    if ! writes; then
      failed=$((failed + 1))
      [ $failed -gt 1 ] || tell "a trial write in $store failed"
      [ $failed -lt $patience ] || break
    elif [ $failed -gt 0 ]; then
      break
    elif silent; then
      tell "the server tells of a write error"
      break
    fi
  done
  tell "the server is ended, to be started anew where there is room"
  kill -TERM $$
}

if ! writes; then
  tell "no trial write in $store succeeds; the server is started once there is room"
  until writes; do sleep $every_s; done
fi
watch &
exec "$@"
