import { posix } from "node:path";

/** How the image starts its server. The boot script starts the server in the same way. */
export interface Launch {
  /** The words before the program of the server, usually the entry point of the image. */
  readonly prefix: readonly string[];
  /** The program of the server as the image names it. It is undefined if the image does not name a server. */
  readonly server: string | undefined;
  /** The `--loadmodule` options of the command of the image, each with its arguments. */
  readonly modules: readonly string[];
  /** The configuration file in the command of the image. Only its `loadmodule` lines are used. */
  readonly configFile: string | undefined;
  /** A script that starts the server, if the image does not name a server. It may ignore its arguments. */
  readonly script: string | undefined;
}

const SERVER = /^(?:\S*\/)?(?:redis|valkey|keydb)-server$/;
const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "ash", "dash"]);
/** `-c`, also together with other options, as in `bash -lc`. */
const COMMAND_OPTION = /^-[a-z]*c$/;
/** A shell command that consists of plain words, without quotes, variables, pipes and lists. */
const PLAIN_WORDS = /^[\w@%+=:,./-]+(\s+[\w@%+=:,./-]+)*$/;

/**
 * Finds the server in the entry point and the command of an image. As Docker does, it treats both together as one command line.
 *
 * The entry point is always kept, also if it is a shell script of several commands. Such a script must run its arguments, for
 * example with `exec "$@"`. Of the command only the program of the server and its modules are kept, because the plan sets
 * everything else. A command without an entry point is a default that Docker drops if another command is given. Therefore a
 * shell script that is only a command is not kept.
 */
export function planLaunch(entrypoint: readonly string[], command: readonly string[]): Launch {
  const first = unwrapShell(entrypoint) ?? entrypoint;
  const second = unwrapShell(command) ?? [];
  const words = [...first, ...second];
  const at = words.findIndex((word) => SERVER.test(word));
  if (at === -1) {
    const script = words.find((word) => !word.startsWith("-") && !isShell(word));
    return { prefix: first, server: undefined, modules: [], configFile: undefined, script };
  }
  const options = words.slice(at + 1);
  const [configFile] = options;
  return {
    prefix: words.slice(0, at),
    server: words[at],
    modules: moduleOptions(options),
    configFile: configFile === undefined || configFile.startsWith("-") ? undefined : configFile,
    script: undefined,
  };
}

/**
 * Returns the words that a shell runs. For `["/bin/sh", "-c", "…"]`, the shell form of a Dockerfile, these are the words of the
 * script if they are plain. An interactive shell runs none. Returns undefined for any other use of a shell, and the given words
 * if they do not start with a shell.
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

/** Returns each `--loadmodule` option with its arguments, which end at the next option. */
function moduleOptions(options: readonly string[]): readonly string[] {
  let isInModule = false;
  return options.filter((word) => {
    if (word.startsWith("--")) isInModule = word === "--loadmodule";
    return isInModule;
  });
}

/**
 * Returns the preferred folder for the data of a server. It is the working folder of the image, or a volume of the image if the
 * working folder is the root of the file system. The boot script uses another folder if the server cannot write to this one.
 */
export function dataFolder(workingDir: string, volumes: readonly string[]): string {
  const folder = normalizePath(workingDir === "" ? "/" : workingDir);
  if (folder !== "/") return folder;
  const normalized = volumes.map(normalizePath).filter((volume) => volume !== "/" && volume !== "/tmp");
  return normalized.includes("/data") ? "/data" : (normalized[0] ?? "/data");
}

/** Removes `..`, doubled slashes and the slash at the end from an absolute path. */
export function normalizePath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/**
 * Returns the path of a bind mount in the container.
 *
 * @param bind `source:target[:mode]`. The source may be a Windows path.
 */
export function bindTarget(bind: string): string | undefined {
  // The first group is greedy, so that the colon after a drive letter belongs to the source.
  const target = /^(?:.*:)?(\/[^:]*)(?::[^:/]*)?$/.exec(bind)?.[1];
  return target === undefined ? undefined : normalizePath(target);
}
