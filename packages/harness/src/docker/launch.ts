import { posix } from "node:path";

/** How the boot script starts the server the way the image itself starts it. */
export interface Launch {
  /** Words before the server's name, normally the image's entry point. */
  readonly before: readonly string[];
  /** The server's program as the image names it; undefined if the image does not name one. */
  readonly server: string | undefined;
  /** `--loadmodule` options of the image's command, each with its arguments. */
  readonly modules: readonly string[];
  /** The configuration file of the image's command, whose `loadmodule` lines are used. */
  readonly configFile: string | undefined;
  /** A script that starts the server and names no server program; it may ignore its arguments. */
  readonly script: string | undefined;
}

const SERVER = /^(?:\S*\/)?(?:redis|valkey|keydb)-server$/;
const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "ash", "dash"]);
/** `-c`, also together with other options, as in `bash -lc`. */
const COMMAND_OPTION = /^-[a-z]*c$/;
/** A shell command that is nothing but words: no quotes, variables, pipes or lists. */
const PLAIN_WORDS = /^[\w@%+=:,./-]+(\s+[\w@%+=:,./-]+)*$/;

/**
 * Reads an image's entry point and command as Docker does: together they are one command line.
 *
 * The entry point is always kept, also one that is a shell script of several commands: such a script has to run its
 * arguments, as `exec "$@"` does. Of the command only the server's name and the modules that it loads are kept: the plan
 * decides everything else. A command without an entry point is only a default, which Docker drops if another command is
 * given, so a script that is only a command is not kept either.
 */
export function planLaunch(entrypoint: readonly string[], command: readonly string[]): Launch {
  const first = unwrapShell(entrypoint) ?? entrypoint;
  const second = unwrapShell(command) ?? [];
  const words = [...first, ...second];
  const at = words.findIndex((word) => SERVER.test(word));
  if (at === -1) {
    const script = words.find((word) => !word.startsWith("-") && !isShell(word));
    return { before: first, server: undefined, modules: [], configFile: undefined, script };
  }
  const options = words.slice(at + 1);
  const [configFile] = options;
  return {
    before: words.slice(0, at),
    server: words[at],
    modules: moduleOptions(options),
    configFile: configFile === undefined || configFile.startsWith("-") ? undefined : configFile,
    script: undefined,
  };
}

/**
 * The words that a shell would run, where that is certain: of `["/bin/sh", "-c", "…"]`, which is how a Dockerfile's shell
 * form arrives, if they are plain; none of an interactive shell. Undefined for any other use of a shell.
 */
function unwrapShell(words: readonly string[]): readonly string[] | undefined {
  const [shell, option, text, ...more] = words;
  if (shell === undefined || !isShell(shell)) return words;
  if (option === undefined) return [];
  if (!COMMAND_OPTION.test(option) || text === undefined || more.length > 0) return undefined;
  if (!PLAIN_WORDS.test(text.trim())) return undefined;
  const inner = text.trim().split(/\s+/);
  return inner[0] === "exec" ? inner.slice(1) : inner;
}

function isShell(word: string): boolean {
  return SHELLS.has(posix.basename(word));
}

/** Each `--loadmodule` with all that follows it up to the next option. */
function moduleOptions(options: readonly string[]): readonly string[] {
  let inside = false;
  return options.filter((word) => {
    if (word.startsWith("--")) inside = word === "--loadmodule";
    return inside;
  });
}

/**
 * The folder in which a container's server keeps its data, if the server's user can write there: the working folder, or,
 * where that is the root of the file system, the image's own volume. The boot script has the last word.
 */
export function dataFolder(workingDir: string, volumes: readonly string[]): string {
  const folder = normalize(workingDir === "" ? "/" : workingDir);
  if (folder !== "/") return folder;
  const normalized = volumes.map(normalize).filter((volume) => volume !== "/" && volume !== "/tmp");
  return normalized.includes("/data") ? "/data" : (normalized[0] ?? "/data");
}

/** An absolute path without `..`, doubled slashes and a slash at its end. */
export function normalize(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** Where a bind mount appears in the container: `source:target[:mode]`, whose source may be a path of Windows. */
export function bindTarget(bind: string): string | undefined {
  // Greedy, so that the colon of a drive letter belongs to the source.
  const target = /^(?:.*:)?(\/[^:]*)(?::[^:/]*)?$/.exec(bind)?.[1];
  return target === undefined ? undefined : normalize(target);
}
