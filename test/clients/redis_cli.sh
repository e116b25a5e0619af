# Executes the commands that it reads from the standard input with `redis-cli -c`, one after the other. Each command connects to the
# first node that answers within a second, because redis-cli knows only one node.
#
# Input: lines of JSON with a command whose arguments contain no spaces, quotes or brackets, such as ["SET", "key", "value"].
# Output: {"version": …}, then {"reply": …} or {"error": …} for each command.
# Environment: the variables of `cluster.environment()`.

if [ -n "$REDIS_TLS_CA" ]; then
  printf %s "$REDIS_TLS_CA" >/tmp/ca.crt
  tls='--tls --cacert /tmp/ca.crt'
fi
[ -z "$REDIS_PASSWORD" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"

execute() {
  for node in $(printf %s "$REDIS_NODES" | tr , ' '); do
    # Without -e, redis-cli reports an error of the server as a reply.
    # shellcheck disable=SC2086 # words are separate arguments
    if reply=$(timeout 1 redis-cli -e -c $tls -h "${node%:*}" -p "${node##*:}" $1 2>&1); then
      printf '{"reply":"%s"}\n' "$(printf %s "$reply" | tail -n 1)"
      return
    fi
  done
  printf '{"error":"%s"}\n' "$(printf %s "${reply:-no answer within a second}" | tail -n 1 | tr -d '"\\')"
}

printf '{"version":"%s"}\n' "$(redis-cli --version | cut -d ' ' -f 2)"
while read -r line; do
  execute "$(printf %s "$line" | tr -d '[]"' | tr , ' ')"
done
