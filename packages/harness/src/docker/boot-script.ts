/**
 * What a node's container runs: it puts the two planned files in place and becomes the image's own server process.
 * Its arguments are the name and text of nodes.conf, the text of redis.conf, and options for the first boot; as
 * arguments they are only data to the shell. A start after a kill finds the files, which the server may have
 * changed since, and leaves them alone.
 *
 * This instead of copying files into the created container: Docker unpacks an archive with a process of its own
 * for each container, which for six of them costs about as long as the formation of the whole cluster. Only a private
 * key is worth that: see docs/security.md.
 */
export const BOOT_SCRIPT: string = `set -e
nodes=$1 nodes_text=$2 conf=/tmp/redis-node.conf conf_text=$3
shift 3
server=redis-server
if command -v valkey-server >/dev/null; then server=valkey-server; fi
# A start that is to be like the first one leaves this mark.
if [ -e /tmp/redis-node.new ]; then
  find . -mindepth 1 -exec rm -rf {} +
  # It may have another nodes.conf, for a cluster that has gone on meanwhile.
  if [ -s /tmp/redis-node.new ]; then
    nodes_text="$(cat /tmp/redis-node.new)
"
  fi
  rm -f "$conf" /tmp/redis-node.new /tmp/redis-node.wipe /tmp/redis-node.hold
fi
if [ -e "$conf" ]; then
  set --
  # A restart that is to lose the data leaves this mark. The node stays who it is.
  if [ -e /tmp/redis-node.wipe ]; then
    find . -mindepth 1 ! -name "$nodes" -exec rm -rf {} +
    rm /tmp/redis-node.wipe
  fi
else
  printf %s "$nodes_text" >"$nodes"
  case $("$server" --version) in
    # Servers before 7.2 know no such field, and refuse the file.
    *v=[0-6].*|*v=7.[01].*) sed -i 's/,,shard-id=[0-9a-f]*//' "$nodes" ;;
  esac
  (umask 077; printf %s "$conf_text" >"$conf")
  # The image's entry point gives up root, and CONFIG REWRITE has to work: the owner of the data folder owns both.
  owner=$(stat -c %u:%g .)
  chown "$owner" "$nodes" "$conf" 2>/dev/null || true
  # Certificates and keys, where the plan has TLS, were copied in before the first boot. Later they are that user's
  # already, and root without FOWNER may not touch them.
  if [ -d /tmp/redis-node-tls ] && [ "$(stat -c %u /tmp/redis-node-tls)" = "$(id -u)" ]; then
    chmod 700 /tmp/redis-node-tls
    chown -R "$owner" /tmp/redis-node-tls
  fi
fi
# A start that packet filters are to precede leaves this mark, and fills it when they are in place. Whoever left it may
# be gone by then.
if [ -e /tmp/redis-node.hold ]; then
  looks=0
  until [ -s /tmp/redis-node.hold ] || [ "$looks" = 600 ]; do
    looks=$((looks + 1))
    sleep 0.05
  done
  rm -f /tmp/redis-node.hold
fi
set -- "$server" "$conf" "$@"
if command -v docker-entrypoint.sh >/dev/null; then set -- docker-entrypoint.sh "$@"; fi
exec "$@"
`;
