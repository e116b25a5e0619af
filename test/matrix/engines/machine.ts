import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE } from "../../support/cache-folder.ts";

const run = promisify(execFile);

/** The releases of Debian whose packages are the engines. */
export type DebianRelease = "bookworm" | "trixie" | "sid";

const PACKAGES = [
  ...["docker.io", "podman", "runc", "crun", "netavark", "aardvark-dns"],
  // For engines without root.
  ...["uidmap", "rootlesskit", "slirp4netns", "passt", "fuse-overlayfs", "passwd"],
  ...[
    "openssh-server",
    "openssh-client",
    "iptables",
    "nftables",
    "iproute2",
    "procps",
    "ca-certificates",
    "catatonit",
  ],
];
/** The user of the engines without root. */
const USER = "engine";
const USER_ID = 1000;
const UNUSED = ["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
/** An address that each machine has, in a network for documentation. */
const OUTSIDE_ADDRESS = "198.51.100.1";
/** The folders whose content belongs to one machine. The others belong to all machines of a release, which do not change them. */
const OWN_FOLDERS = ["run", "tmp", "home", "root", "var/lib/docker", "var/lib/containers"];

/**
 * Makes the given folder the root of its mount namespace, like the root of a machine: unlike chroot, this permits user namespaces
 * and `docker exec`. Prints a line when that is done.
 */
const BOOT = `
set -e
root=$1 own=$2 hostname=$3
[ -z "$hostname" ] || hostname "$hostname"
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
# The networks of engines without root need this device, which a virtual machine may reserve for root.
mknod "$own/tun" c 10 200
chmod 666 "$own/tun"
mount --bind "$own/tun" dev/net/tun
for folder in ${OWN_FOLDERS.join(" ")}; do
  mkdir -p "$own/$folder" "$folder"
  mount --bind "$own/$folder" "$folder"
done
chmod 1777 tmp
install --directory --owner=${USER_ID} --group=${USER_ID} home/${USER} run/user/${USER_ID}
ip link set lo up
# An address that is not of loopback, as a machine has it.
ip link add outside type veth peer name inside
ip address add ${OUTSIDE_ADDRESS}/32 dev outside
ip link set outside up
ip link set inside up
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
echo ready
# Ends when the other end of the pipe is closed, also because its process was killed. All processes of this machine end with this one.
exec 3<&0
cat <&3 >/dev/null &
# Bash, unlike cat, also collects the processes whose parents have ended. Podman takes such a process for one that runs.
wait $!
`;

/**
 * A Debian on this machine in which an engine runs: it has its own root folder, network, host name and process ids, and this kernel. Needs
 * Linux and root. Disposing of it kills all of its processes.
 */
export class Machine implements AsyncDisposable {
  /** The folder on this machine that is `/run` in there. */
  readonly runFolder: string;
  readonly #own: string;
  readonly #init: ChildProcess;
  readonly #pid: number;

  private constructor(own: string, init: ChildProcess, pid: number) {
    this.runFolder = join(own, "run");
    this.#own = own;
    this.#init = init;
    this.#pid = pid;
  }

  /** Returns why this machine can have no others, or undefined if it can. */
  static findObstacle(): string | undefined {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return "it needs Linux and root";
    return existsSync("/usr/bin/apt-get") ? undefined : "it needs Debian";
  }

  /** @param hostname another one than ours, for an engine that is not on our machine. */
  static async boot(release: DebianRelease, hostname = ""): Promise<Machine> {
    const root = await provideRoot(release);
    // Sockets are in here, and their paths must be short.
    const own = await mkdtemp(join(tmpdir(), "trc-machine-"));
    const init = spawn(
      "unshare",
      [
        ...["--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--propagation", "private"],
        ...["bash", "-c", BOOT, "boot", root, own, hostname],
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const [line] = await Promise.race([once(init.stdout, "data"), once(init, "exit")]);
    if (!Buffer.isBuffer(line)) throw new Error(`${release} did not boot: exit code ${line}`);
    const children = await readFile(`/proc/${init.pid}/task/${init.pid}/children`, "utf8");
    return new Machine(own, init, Number(children));
  }

  /** Returns a path on our machine for a path in this one, also for what is mounted in here. */
  pathOf(path: string): string {
    return join(`/proc/${this.#pid}/root`, path);
  }

  /** Returns the command that runs another one in the network of this machine, with our files. */
  inNetwork(...command: readonly string[]): readonly string[] {
    return enterNetwork(this.pathOf("proc/1/ns/net"), command);
  }

  /** Connects two machines with a cable. Returns the address of this one. */
  async connectTo(other: Machine): Promise<string> {
    const [program = "", ...args] = this.inNetwork("ip", "link", "add", "cable", "type", "veth");
    await run(program, [...args, "peer", "name", "cable", "netns", String(other.#pid)]);
    for (const [machine, address] of [
      [this, ADDRESS],
      [other, PEER_ADDRESS],
    ] as const) {
      await machine.run("ip", "address", "add", `${address}/30`, "dev", "cable");
      await machine.run("ip", "link", "set", "cable", "up");
    }
    return ADDRESS;
  }

  /** Runs a command in this machine and returns its output. */
  async run(...command: readonly string[]): Promise<string> {
    const [program = "", ...args] = this.#inside(command);
    const { stdout } = await run(program, args, { env: ENVIRONMENT });
    return stdout.trim();
  }

  /** Starts a command in this machine, whose output goes to a file. It ends with this machine. */
  start(log: string, ...command: readonly string[]): void {
    const [program = "", ...args] = this.#inside(command);
    const output = openSync(log, "a");
    spawn(program, args, { env: ENVIRONMENT, stdio: ["ignore", output, output] }).unref();
    closeSync(output);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#init.exitCode === null) {
      const ended = once(this.#init, "exit");
      this.#init.kill("SIGKILL");
      await ended;
    }
    await rm(this.#own, { recursive: true, force: true, maxRetries: 10 });
  }

  #inside(command: readonly string[]): readonly string[] {
    return [
      "nsenter",
      `--target=${this.#pid}`,
      "--mount",
      "--net",
      "--uts",
      "--pid",
      "--root",
      "--wd",
      "--",
      ...command,
    ];
  }
}

/** The addresses of two machines that are connected with a cable, in a network for documentation. */
const [ADDRESS, PEER_ADDRESS] = ["192.0.2.1", "192.0.2.2"];

const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

/** Returns the root folder of a release with all engines. It is built once and kept in the cache of `./dev`. */
export async function provideRoot(release: DebianRelease): Promise<string> {
  const hooks = [
    `--customize-hook=chroot "$1" useradd --uid ${USER_ID} ${USER}`,
    // The ids of the users in the containers of that user.
    `--customize-hook=echo ${USER}:200000:65536 | tee "$1/etc/subuid" >"$1/etc/subgid"`,
  ];
  const args = [
    "--variant=apt",
    // The Release file of sid may be older than it says it is good for.
    `--aptopt=Acquire::Check-Valid-Until "false"`,
    ...UNUSED,
    `--include=${PACKAGES.join(",")}`,
    ...hooks,
    release,
  ];
  const hash = createHash("sha256").update(JSON.stringify(args)).digest("hex").slice(0, 8);
  const folder = join(CACHE, "engines", `${release}-${hash}`);
  if (existsSync(folder)) return folder;
  console.error(`installing the engines of Debian ${release} (about a minute)`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  if (!existsSync("/usr/bin/mmdebstrap")) {
    await run("apt-get", ["update", "--quiet=2"]);
    await run("apt-get", ["install", "--yes", "--quiet=2", "--no-install-recommends", "mmdebstrap"]);
  }
  await run("mmdebstrap", [...args, unfinished], { maxBuffer: 2 ** 26 });
  await rename(unfinished, folder);
  return folder;
}

/** Returns the command that runs another one in the network of a namespace, with our files. */
export function enterNetwork(namespace: string, command: readonly string[]): readonly string[] {
  return ["nsenter", `--net=${namespace}`, "--", ...command];
}
