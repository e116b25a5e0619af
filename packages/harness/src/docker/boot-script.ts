import type { NodePlan } from "../plan/cluster-plan.ts";
import type { Launch } from "./launch.ts";

/**
 * The folder with the files of a node besides its data, which survive a kill: the configuration file of the server, and the
 * instructions for the next boot, the files `new`, `wipe` and `hold`. The boot script creates it, and removes the instructions.
 */
export const NODE_FOLDER = "/tmp/redis-node";

/** The path of the configuration file of the server. */
export const SETTINGS_FILE: string = `${NODE_FOLDER}/redis.conf`;

/** Placeholders in the arguments of the boot script. The script replaces them by values that only it knows. */
const SERVER_PLACEHOLDER = "redis-node:server";
const SETTINGS_PLACEHOLDER = "redis-node:settings";
/** The arguments after this one are only for the first boot. */
const FIRST_BOOT_SEPARATOR = "redis-node:first-boot";

/** The exit codes of the boot script for unsuitable images. No signal and no server of Redis or Valkey uses these codes. */
const IMAGE_PROBLEMS: Readonly<Record<number, string>> = {
  231: "it contains no redis-server, valkey-server or keydb-server",
  232: "its server is older than Redis 6.2, the oldest supported version",
  233: "its user cannot write to /tmp, where each node keeps its settings",
  234: "its user can write neither to its working folder nor to /data or /tmp/redis-node-data, so there is no folder for the data",
};

/** Returns why the image is unsuitable, if the boot script ended with the code of such a problem. */
export function findImageProblem(exitCode: number): string | undefined {
  return IMAGE_PROBLEMS[exitCode];
}

/**
 * The script that every container of a node runs. It writes the two planned files and then runs the entry point of the image
 * with the server and these files. The contents of the files are arguments of the script, so that the shell does not evaluate
 * them. A later boot keeps the files, because the server may have changed them.
 *
 * The files are not copied into the created container, because Docker unpacks an archive with a process for each container. For
 * six containers that takes about as long as the formation of the whole cluster. Only private keys are copied: see
 * docs/internals/formation.md.
 *
 * The script uses `sh`, `cat`, `chmod`, `chown`, `grep`, `id`, `ls`, `mkdir`, `mv`, `rm`, `rmdir`, `sed`, `sleep`, `stat` and
 * `tail`. All of them are also part of busybox.
 */
const BOOT_SCRIPT: string = `set -e
nodes=$1 nodes_text=$2 conf=${SETTINGS_FILE} conf_text=$3 next_boot=${NODE_FOLDER}
folder=$4 server=$5 image_conf=$6 script=$7
shift 7
case $nodes in /*) ;; *) nodes=./$nodes ;; esac
newline='
'
fail() {
  code=$1
  shift
  echo "redis-node: $*" >&2
  exit "$code"
}
# Creates a folder if it does not exist, and enters it if this user can write to it. Never enters the root of the file system,
# where the files that are deleted later may belong to the image.
enter() {
  case $1 in '' | /) return 1 ;; esac
  { [ -d "$1" ] || mkdir -p "$1" 2>/dev/null; } && [ -w "$1" ] && cd -P "$1"
}
# Prints the last value of a directive in the settings of this node, or else the default of the server.
setting() {
  value=$(sed -n "s/^$1  *//p" "$conf" 2>/dev/null | tail -n 1)
  value=\${value#[\\"\\']}
  value=\${value%[\\"\\']}
  echo "\${value:-$2}"
}
# Deletes only the data files of the server, by the names that the server uses (rdb.c, aof.c, replication.c).
delete_data() {
  rdb=$(setting dbfilename dump.rdb) aof=$(setting appendfilename appendonly.aof)
  aof_folder=$(setting appenddirname appendonlydir)
  # Deleting the contents of a mount or the target of a link could delete files of the host. Without deleting them, the data would
  # remain. So the boot fails. The instructions are removed, so that the next start succeeds.
  if [ -L "./$aof_folder" ] ||
    grep -qF -e " $PWD/$rdb " -e " $PWD/$aof " -e " $PWD/$aof_folder " /proc/self/mountinfo; then
    rm -f "$next_boot/new" "$next_boot/wipe"
    fail 1 "the data in $PWD is not deleted: $rdb, $aof or $aof_folder is a mount or a symbolic link"
  fi
  rm -f "./$rdb" ./temp-*.rdb "./$aof" ./temp-rewriteaof-*.aof
  if [ -d "./$aof_folder" ]; then
    rm -f "./$aof_folder/$aof".* "./$aof_folder"/temp-*
    rmdir "./$aof_folder" 2>/dev/null || true
  fi
}
# Sets $module to the path in a loadmodule line.
module_of() {
  module=\${1#loadmodule }
  module=\${module#\\"}
  module=\${module%% *}
  module=\${module%\\"}
}
# Succeeds if the planned settings load this module.
planned_module() {
  case "$newline$conf_text" in
    *"$newline""loadmodule $1"["$newline "]* | *"$newline""loadmodule \\"$1\\""*) return 0 ;;
  esac
  return 1
}

if [ -z "$server" ] || ! command -v "$server" >/dev/null; then
  server=
  for program in valkey-server redis-server keydb-server /opt/redis-stack/bin/redis-server; do
    if command -v "$program" >/dev/null; then
      server=$program
      break
    fi
  done
  [ -n "$server" ] || fail 231 "this image has no server"
fi
[ -d /tmp ] || mkdir -p /tmp || true
[ -w /tmp ] || fail 233 "/tmp cannot be written"
enter "$folder" || enter /data || enter /tmp/redis-node-data || fail 234 "no folder for the data can be written"

# This instruction makes the boot like the first one.
if [ -e "$next_boot/new" ]; then
  delete_data
  rm -f "$nodes" "$nodes".tmp-*
  # The file may contain another nodes.conf, because the cluster has changed since the first boot.
  if [ -s "$next_boot/new" ]; then nodes_text="$(cat "$next_boot/new")$newline"; fi
  rm -f "$conf" "$next_boot/new" "$next_boot/wipe" "$next_boot/hold"
fi
first=
if [ -e "$conf" ]; then
  # This instruction deletes the data. The node keeps its node id.
  if [ -e "$next_boot/wipe" ]; then
    delete_data
    rm "$next_boot/wipe"
  fi
  # CONFIG REWRITE adds the modules that the entry point of the image loads (rewriteConfigLoadmoduleOption in config.c). A server
  # that loads a module twice aborts.
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
    # The file itself is not written to: in a sticky folder the kernel may deny even root the write to a file of another user.
    owner=$(stat -c %u:%g "$conf")
    (umask 077; printf %s "$kept" >"$conf.new")
    chown "$owner" "$conf.new" 2>/dev/null || true
    mv -f "$conf.new" "$conf"
  fi
else
  first=yes
  case $("$server" --version) in
    *v=[0-5].* | *v=6.[01].*) fail 232 "$("$server" --version)" ;;
    # Servers older than 7.2 do not support this field, and reject the file.
    *v=6.* | *v=7.[01].*) unknown_field='s/,,shard-id=[0-9a-f]*//' ;;
    *) unknown_field= ;;
  esac
  mkdir -p "$next_boot"
  # CONFIG REWRITE replaces the file by another one, and the entry point may change to a user that is not known here. In a sticky
  # folder this user could not delete the instructions, if the folder is a volume of a third user.
  chmod 777 "$next_boot" 2>/dev/null || true
  owner=$(stat -c %u:%g .)
  # The entry point of the image changes from root to the user of the server, which must be able to write to this folder.
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
  # For CONFIG REWRITE the server must be able to write to both files, so the owner of the data folder owns them.
  chown "$owner" "$nodes" "$conf" 2>/dev/null || true
  # With TLS, certificates and keys were copied in before the first boot. At a later boot this user owns them already, and root
  # without the capability FOWNER cannot change them.
  if [ -d /tmp/redis-node-tls ] && [ "$(id -u)" = 0 ] && [ "$(stat -c %u /tmp/redis-node-tls)" = 0 ]; then
    chmod 700 /tmp/redis-node-tls
    chown -R "$owner" /tmp/redis-node-tls
  fi
fi
# This instruction delays the server until packet filters are applied. Then the file is no longer empty. The wait has a timeout,
# because the process that applies the filters may have ended.
if [ -e "$next_boot/hold" ]; then
  polls=0
  until [ -s "$next_boot/hold" ] || [ "$polls" = 600 ]; do
    polls=$((polls + 1))
    sleep 0.05
  done
  rm -f "$next_boot/hold"
fi

left=$#
while [ "$left" -gt 0 ]; do
  word=$1
  shift
  left=$((left - 1))
  case $word in
    ${SERVER_PLACEHOLDER}) set -- "$@" "$server" ;;
    ${SETTINGS_PLACEHOLDER}) set -- "$@" "$conf" ;;
    ${FIRST_BOOT_SEPARATOR})
      if [ -z "$first" ]; then
        shift "$left"
        left=0
      fi
      ;;
    *) set -- "$@" "$word" ;;
  esac
done
# The configuration file of the image is not used, because the plan sets all options. Only its modules are loaded.
if [ -n "$image_conf" ] && [ -r "$image_conf" ]; then
  while IFS= read -r line; do
    case $line in
      'loadmodule '*)
        module_of "$line"
        # Not quoted, so that the shell splits the line into the path of the module and its arguments.
        planned_module "$module" || set -- "$@" --$line
        ;;
    esac
  done <"$image_conf"
fi
# The entry point of redis-stack ignores its arguments. It reads a configuration file with a fixed name, and further options from
# REDIS_ARGS. It does not exec the server, so that the server would not receive the signals of the engine.
if [ -n "$script" ] && script=$(command -v "$script") && grep -q '/redis-stack\\.conf' "$script"; then
  while [ "$1" != "$conf" ]; do shift; done
  shift
  export REDIS_ARGS="\${REDIS_ARGS:-} $*" REDIS_DATA_DIR="$PWD"
  sed -e "s#/redis-stack\\.conf#$conf#g" -e 's#^\${CMD} #exec &#' "$script" >"$next_boot/entrypoint"
  exec sh "$next_boot/entrypoint"
fi
exec "$@"
`;

/**
 * Returns the entry point and the command of the container of a node.
 *
 * @param folder the preferred folder for the data.
 */
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
      ...[...launch.prefix, SERVER_PLACEHOLDER, SETTINGS_PLACEHOLDER, ...launch.modules],
      ...[FIRST_BOOT_SEPARATOR, ...node.firstBootArguments],
    ],
  };
}
