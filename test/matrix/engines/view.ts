import { join } from "node:path";
import { CACHE } from "../../support/cache-folder.ts";

/** Where the view is put together. */
const VIEW_FOLDER = join(CACHE, "view");

/**
 * Gives a command a root folder of its own, which contains everything of this machine's, and `/.dockerenv` only on request: Testcontainers
 * derives from that file that it runs in a container, but it also exists on virtual machines that were created from an image.
 */
const VIEW = `
set -e
view=$1 kind=$2 work=$PWD
shift 2
mkdir -p "$view"
mount -t tmpfs tmpfs "$view"
for path in /* ; do
  target=$view$path
  if [ -L "$path" ]; then cp --no-dereference "$path" "$target"
  elif [ -d "$path" ]; then mkdir "$target" && mount --rbind "$path" "$target"
  fi
done
if [ "$kind" = container ]; then
  touch "$view/.dockerenv"
  hostname container
fi
mkdir "$view/.old"
# Otherwise Testcontainers would use the engine of this machine if it does not find the one under test.
if [ -S "$view/run/docker.sock" ]; then mount --bind /dev/null "$view/run/docker.sock"; fi
pivot_root "$view" "$view/.old"
cd "$work"
umount -l /.old
rmdir /.old
exec "$@"
`;

/** Returns a command that runs another one as on an ordinary machine, or as in a container whose image is this machine. */
export function viewedAs(kind: "machine" | "container", command: readonly string[]): readonly string[] {
  return [
    "unshare",
    "--mount",
    "--uts",
    "--propagation",
    "private",
    "bash",
    "-c",
    VIEW,
    "view",
    VIEW_FOLDER,
    kind,
    ...command,
  ];
}
