import type { NodePlan } from "../plan/cluster-plan.ts";
import type { Launch } from "./launch.ts";

/** The folder, below /tmp, in which a restart leaves marks for the boot script. The script makes it. */
export const MARKS_FOLDER = "redis-node";

/** Where a node's server finds its settings. */
export const SETTINGS_FILE = "/tmp/redis-node.conf";

/** Words in the boot script's arguments that stand for what only the script knows. */
const SERVER_WORD = "redis-node:server";
const SETTINGS_WORD = "redis-node:settings";
/** All words after it are for the first boot only. */
const FIRST_BOOT_WORD = "redis-node:first-boot";

/** Exit codes with which the boot script refuses an image; no signal and no server of Redis or Valkey uses them. */
const REFUSALS: Readonly<Record<number, string>> = {
  231: "it contains no redis-server, valkey-server or keydb-server",
  232: "its server is older than Redis 6.2, the oldest supported version",
  233: "its user cannot write to /tmp, where each node keeps its settings",
  234: "its user cannot write to its working folder, /data or /tmp/redis-node-data, one of which must have the data",
};

/** Why the boot script refused the image; undefined for any other exit code. */
export function bootRefusal(exitCode: number): string | undefined {
  return REFUSALS[exitCode];
}

/**
 * What a node's container runs: it puts the two planned files in place and then runs the image's own entry point with
 * the server and these files. As arguments the files are only data to the shell. A start after a kill finds the files,
 * which the server may have changed since, and leaves them alone.
 *
 * This instead of copying files into the created container: Docker unpacks an archive with a process of its own
 * for each container, which for six of them costs about as long as the formation of the whole cluster. Only a private
 * key is worth that: see docs/security.md.
 *
 * It uses `sh`, `cat`, `chmod`, `chown`, `grep`, `id`, `ls`, `mkdir`, `mv`, `rm`, `rmdir`, `sed`, `sleep`, `stat` and
 * `tail`, which busybox has, too.
 */
const BOOT_SCRIPT: string = `set -e
nodes=$1 nodes_text=$2 conf=${SETTINGS_FILE} conf_text=$3 marks=/tmp/${MARKS_FOLDER}
folder=$4 server=$5 image_conf=$6 script=$7
shift 7
case $nodes in /*) ;; *) nodes=./$nodes ;; esac
newline='
'
refuse() {
  code=$1
  shift
  echo "redis-node: $*" >&2
  exit "$code"
}
# Whether this user can write to a folder, which is made if necessary. The root of the file system is never used: what
# is deleted there later may belong to the image.
enter() {
  case $1 in '' | /) return 1 ;; esac
  { [ -d "$1" ] || mkdir -p "$1" 2>/dev/null; } && [ -w "$1" ] && cd -P "$1"
}
# The last value of a directive in this node's settings, otherwise the server's default.
setting() {
  value=$(sed -n "s/^$1  *//p" "$conf" 2>/dev/null | tail -n 1)
  value=\${value#[\\"\\']}
  value=\${value%[\\"\\']}
  echo "\${value:-$2}"
}
# Deletes the data that a server writes, by the names that it uses (rdb.c, aof.c, replication.c), and nothing else.
delete_data() {
  rdb=$(setting dbfilename dump.rdb) aof=$(setting appendfilename appendonly.aof)
  aof_folder=$(setting appenddirname appendonlydir)
  # Deleting what is mounted there, or what a link leads to, could delete files of the host; leaving it would bring the
  # data back. Without the marks the next start works again.
  if [ -L "./$aof_folder" ] ||
    grep -qF -e " $PWD/$rdb " -e " $PWD/$aof " -e " $PWD/$aof_folder " /proc/self/mountinfo; then
    rm -f "$marks/new" "$marks/wipe"
    refuse 1 "the data in $PWD is not deleted: $rdb, $aof or $aof_folder is a mount or a symbolic link"
  fi
  rm -f "./$rdb" ./temp-*.rdb "./$aof" ./temp-rewriteaof-*.aof
  if [ -d "./$aof_folder" ]; then
    rm -f "./$aof_folder/$aof".* "./$aof_folder"/temp-*
    rmdir "./$aof_folder" 2>/dev/null || true
  fi
}
# The module that a loadmodule line names.
module_of() {
  module=\${1#loadmodule }
  module=\${module#\\"}
  module=\${module%% *}
  module=\${module%\\"}
}
# Whether the planned settings load that module.
planned_module() {
  case "$newline$conf_text" in
    *"$newline""loadmodule $1"["$newline "]* | *"$newline""loadmodule \\"$1\\""*) return 0 ;;
  esac
  return 1
}

if [ -z "$server" ] || ! command -v "$server" >/dev/null; then
  server=
  for each in valkey-server redis-server keydb-server /opt/redis-stack/bin/redis-server; do
    if command -v "$each" >/dev/null; then
      server=$each
      break
    fi
  done
  [ -n "$server" ] || refuse 231 "this image has no server"
fi
[ -d /tmp ] || mkdir -p /tmp || true
[ -w /tmp ] || refuse 233 "/tmp cannot be written"
enter "$folder" || enter /data || enter /tmp/redis-node-data || refuse 234 "no folder for the data can be written"

# A start that is to be like the first one leaves this mark.
if [ -e "$marks/new" ]; then
  delete_data
  rm -f "$nodes" "$nodes".tmp-*
  # It may have another nodes.conf, for a cluster that has gone on meanwhile.
  if [ -s "$marks/new" ]; then nodes_text="$(cat "$marks/new")$newline"; fi
  rm -f "$conf" "$marks/new" "$marks/wipe" "$marks/hold"
fi
first=
if [ -e "$conf" ]; then
  # A restart that is to lose the data leaves this mark. The node stays who it is.
  if [ -e "$marks/wipe" ]; then
    delete_data
    rm "$marks/wipe"
  fi
  # CONFIG REWRITE adds the modules that the image's entry point loads (rewriteConfigLoadmoduleOption in config.c), and
  # a server that is told twice to load a module aborts.
  if grep -q '^loadmodule ' "$conf"; then
    kept=
    while IFS= read -r line; do
      case $line in
        'loadmodule '*)
          module_of "$line"
          planned_module "$module" || continue
          ;;
      esac
      kept=$kept$line$newline
    done <"$conf"
    # Not written into the file itself: in a sticky folder the kernel may refuse even root another user's file.
    owner=$(stat -c %u:%g "$conf")
    (umask 077; printf %s "$kept" >"$conf.new")
    chown "$owner" "$conf.new" 2>/dev/null || true
    mv -f "$conf.new" "$conf"
  fi
else
  first=yes
  case $("$server" --version) in
    *v=[0-5].* | *v=6.[01].*) refuse 232 "$("$server" --version)" ;;
    # Servers before 7.2 know no such field, and refuse the file.
    *v=6.* | *v=7.[01].*) unknown_field='s/,,shard-id=[0-9a-f]*//' ;;
    *) unknown_field= ;;
  esac
  mkdir -p "$marks"
  owner=$(stat -c %u:%g .)
  # The image's entry point gives up root for a user who must be able to write here.
  if [ "$owner" = 0:0 ] && [ "$(id -u)" = 0 ] && [ -z "$(ls -A .)" ]; then
    user=\${server##*/}
    user=\${user%-server}
    if id -u "$user" >/dev/null 2>&1; then
      owner=$(id -u "$user"):$(id -g "$user")
      chown "$owner" .
    fi
  fi
  printf %s "$nodes_text" >"$nodes"
  if [ -n "$unknown_field" ]; then sed -i "$unknown_field" "$nodes"; fi
  # The entry point may change the working folder.
  (umask 077; printf '%sdir "%s"\\n' "$conf_text" "$PWD" >"$conf")
  # CONFIG REWRITE has to work: the owner of the data folder owns both files.
  chown "$owner" "$nodes" "$conf" 2>/dev/null || true
  # Certificates and keys, where the plan has TLS, were copied in before the first boot. Later they are that user's
  # already, and root without FOWNER may not touch them.
  if [ -d /tmp/redis-node-tls ] && [ "$(id -u)" = 0 ] && [ "$(stat -c %u /tmp/redis-node-tls)" = 0 ]; then
    chmod 700 /tmp/redis-node-tls
    chown -R "$owner" /tmp/redis-node-tls
  fi
fi
# A start that packet filters are to precede leaves this mark, and fills it when they are in place. Whoever left it may
# be gone by then.
if [ -e "$marks/hold" ]; then
  looks=0
  until [ -s "$marks/hold" ] || [ "$looks" = 600 ]; do
    looks=$((looks + 1))
    sleep 0.05
  done
  rm -f "$marks/hold"
fi

left=$#
while [ "$left" -gt 0 ]; do
  word=$1
  shift
  left=$((left - 1))
  case $word in
    ${SERVER_WORD}) set -- "$@" "$server" ;;
    ${SETTINGS_WORD}) set -- "$@" "$conf" ;;
    ${FIRST_BOOT_WORD})
      if [ -z "$first" ]; then
        shift "$left"
        left=0
      fi
      ;;
    *) set -- "$@" "$word" ;;
  esac
done
# The image's own configuration file is not used, because the plan decides what it would; but its modules are.
if [ -n "$image_conf" ] && [ -r "$image_conf" ]; then
  while IFS= read -r line; do
    case $line in
      'loadmodule '*)
        module_of "$line"
        # Split at blanks on purpose: a module's name and its arguments.
        planned_module "$module" || set -- "$@" --$line
        ;;
    esac
  done <"$image_conf"
fi
# redis-stack's entry point ignores its arguments. It reads a configuration file of a fixed name, takes further options
# from REDIS_ARGS, and is not replaced by the server, which would then not get the signals of the engine.
if [ -n "$script" ] && script=$(command -v "$script") && grep -q '/redis-stack\\.conf' "$script"; then
  while [ "$1" != "$conf" ]; do shift; done
  shift
  export REDIS_ARGS="\${REDIS_ARGS:-} $*" REDIS_DATA_DIR="$PWD"
  sed -e "s#/redis-stack\\.conf#$conf#g" -e 's#^\${CMD} #exec &#' "$script" >"$marks/entrypoint"
  exec sh "$marks/entrypoint"
fi
exec "$@"
`;

/** The entry point and the command of a node's container. */
export function bootCommand(
  node: NodePlan,
  folder: string,
  launch: Launch,
): { readonly entrypoint: string[]; readonly command: string[] } {
  return {
    entrypoint: ["sh"],
    command: [
      ...["-c", BOOT_SCRIPT, "redis-node"],
      ...[node.nodesConfName, node.nodesConf, node.redisConf, folder],
      ...[launch.server ?? "", launch.configFile ?? "", launch.script ?? ""],
      ...[...launch.before, SERVER_WORD, SETTINGS_WORD, ...launch.modules],
      ...[FIRST_BOOT_WORD, ...node.firstBootArguments],
    ],
  };
}
