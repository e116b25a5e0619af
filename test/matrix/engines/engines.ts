import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setInterval } from "node:timers/promises";
import { promisify } from "node:util";
import { type DebianRelease, enterNetwork, Machine, provideRoot } from "./machine.ts";
import { viewedAs } from "./view.ts";

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;

/** An engine, and how a program reaches it. Disposing of it ends the engine. */
export interface RunningEngine extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  /** Returns the command that runs another one where it reaches the engine. */
  enter(...command: readonly string[]): readonly string[];
}

/** A kind of engine, and a way to reach it. */
export interface EngineKind {
  readonly name: string;
  start(log: string): Promise<RunningEngine>;
}

export const ENGINES: readonly EngineKind[] = [
  { name: "Docker of Debian 12", start: (log) => startDocker("bookworm", log) },
  { name: "Docker of Debian 13", start: (log) => startDocker("trixie", log) },
  { name: "Docker of Debian sid", start: (log) => startDocker("sid", log) },
  { name: "Docker of Debian sid without root", start: (log) => startRootlessDocker("sid", log) },
  { name: "Podman of Debian 12", start: (log) => startPodman("bookworm", log) },
  { name: "Podman of Debian 12 without root", start: (log) => startRootlessPodman("bookworm", log) },
  { name: "Podman of Debian 13", start: (log) => startPodman("trixie", log) },
  { name: "Podman of Debian 13 without root", start: (log) => startRootlessPodman("trixie", log) },
  { name: "Docker on another machine, over TCP", start: (log) => startRemote("sid", log, listenOnTcp) },
  { name: "Docker on another machine, over TLS", start: (log) => startRemote("sid", log, listenWithTls) },
  {
    name: "Docker on another machine, over SSH",
    start: (log) => startRemote("bookworm", log, listenWithSsh),
  },
  { name: "Docker from one of its containers", start: (log) => startForContainer("sid", log) },
  { name: "Docker in Docker", start: (log) => startDockerInDocker("bookworm", log) },
];

const SOCKET = "docker.sock";

async function startDocker(
  release: DebianRelease,
  log: string,
): Promise<RunningEngine & { readonly machine: Machine }> {
  const machine = await Machine.boot(release);
  machine.start(log, "dockerd", `--host=unix:///run/${SOCKET}`);
  return { ...(await onSameMachine(machine, SOCKET)), machine };
}

async function startRootlessDocker(release: DebianRelease, log: string): Promise<RunningEngine> {
  const machine = await Machine.boot(release);
  machine.start(log, ...asUser("/usr/share/docker.io/contrib/dockerd-rootless.sh"));
  return await onSameMachine(machine, join(USER_RUN_FOLDER, SOCKET));
}

const PODMAN = ["podman", "system", "service", "--time=0"];
/** Its socket needs this name: Testcontainers derives the name of the default network from it. */
const PODMAN_SOCKET = "podman.sock";

async function startPodman(release: DebianRelease, log: string): Promise<RunningEngine> {
  const machine = await Machine.boot(release);
  await configurePodman(machine);
  machine.start(log, "env", PODMAN_CONFIGURATION, ...PODMAN, `unix:///run/${PODMAN_SOCKET}`);
  return await onSameMachine(machine, PODMAN_SOCKET);
}

async function startRootlessPodman(release: DebianRelease, log: string): Promise<RunningEngine> {
  const machine = await Machine.boot(release);
  await configurePodman(machine);
  const socket = join(USER_RUN_FOLDER, PODMAN_SOCKET);
  // Otherwise Podman chooses a driver that copies whole images, because the machine has no FUSE. The kernel's overlay needs none.
  await writeFile(join(machine.runFolder, "storage.conf"), '[storage]\ndriver = "overlay"\n');
  const configuration = ["env", PODMAN_CONFIGURATION, "CONTAINERS_STORAGE_CONF=/run/storage.conf"];
  machine.start(log, ...asUser(...configuration, ...PODMAN, `unix:///run/${socket}`));
  return await onSameMachine(machine, socket);
}

const PODMAN_CONFIGURATION = "CONTAINERS_CONF=/run/containers.conf";

/** Configures Podman for a machine without systemd, whose limits are lower than those that Podman sets by default. */
async function configurePodman(machine: Machine): Promise<void> {
  await writeFile(
    join(machine.runFolder, "containers.conf"),
    `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
`,
  );
}

const USER_RUN_FOLDER = "user/1000";

/** Returns the command that runs another one as the user without rights. */
function asUser(...command: readonly string[]): readonly string[] {
  return [
    ...["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"],
    ...["env", "HOME=/home/engine", `XDG_RUNTIME_DIR=/run/${USER_RUN_FOLDER}`, ...command],
  ];
}

/** Returns the engine for programs on the same machine. */
async function onSameMachine(machine: Machine, socket: string): Promise<RunningEngine> {
  return await answering({
    environment: { DOCKER_HOST: `unix://${join(machine.runFolder, socket)}` },
    enter: (...command) => machine.inNetwork(...viewedAs("machine", command)),
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  });
}

/** How the engine of a machine can be reached by others: starts it, and returns the environment for its clients. */
type Listen = (machine: Machine, address: string, log: string) => Promise<Readonly<Record<string, string>>>;

/** Starts an engine on another machine. */
async function startRemote(release: DebianRelease, log: string, listen: Listen): Promise<RunningEngine> {
  await using stack = new AsyncDisposableStack();
  const machine = stack.use(await Machine.boot(release, "engine"));
  const client = stack.use(await Machine.boot(release, "client"));
  const address = await machine.connectTo(client);
  const environment = await listen(machine, address, log);
  const machines = stack.move();
  return await answering({
    environment,
    enter: (...command) => client.inNetwork(...viewedAs("machine", command)),
    [Symbol.asyncDispose]: () => machines.disposeAsync(),
  });
}

const listenOnTcp: Listen = async (machine, address, log) => {
  machine.start(log, "dockerd", `--host=tcp://${address}:2375`, "--tls=false");
  return { DOCKER_HOST: `tcp://${address}:2375` };
};

const listenWithTls: Listen = async (machine, address, log) => {
  const folder = join(machine.runFolder, "certificates");
  await mkdir(folder);
  const openssl = (...args: readonly string[]): Promise<unknown> => run("openssl", args, { cwd: folder });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  await openssl("req", "-x509", ...newKey, "-subj", "/CN=CA", "-keyout", "ca-key.pem", "-out", "ca.pem");
  for (const [name, extensions] of [
    ["server", `subjectAltName=IP:${address}`],
    ["client", "extendedKeyUsage=clientAuth"],
  ] as const) {
    await openssl(
      ...["req", "-x509", ...newKey, "-subj", `/CN=${name}`, "-addext", extensions],
      ...["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-addext", "basicConstraints=critical,CA:false"],
      ...[
        "-keyout",
        name === "client" ? "key.pem" : "server-key.pem",
        "-out",
        name === "client" ? "cert.pem" : "server.pem",
      ],
    );
  }
  machine.start(
    log,
    ...["dockerd", `--host=tcp://${address}:2376`, "--tlsverify", "--tlscacert=/run/certificates/ca.pem"],
    ...["--tlscert=/run/certificates/server.pem", "--tlskey=/run/certificates/server-key.pem"],
  );
  return { DOCKER_HOST: `tcp://${address}:2376`, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
};

const listenWithSsh: Listen = async (machine, address, log) => {
  await machine.run("mkdir", "-p", "/run/sshd", "/root/.ssh");
  await machine.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/.ssh/id_ed25519");
  await machine.run("cp", "/root/.ssh/id_ed25519.pub", "/root/.ssh/authorized_keys");
  await machine.run("ssh-agent", "-a", "/run/agent.sock");
  await machine.run("env", "SSH_AUTH_SOCK=/run/agent.sock", "ssh-add", "-q", "/root/.ssh/id_ed25519");
  machine.start(log, "/usr/sbin/sshd", "-D", "-e");
  machine.start(log, "dockerd");
  // The key of the machine changes with each start.
  const programs = join(machine.runFolder, "programs");
  await mkdir(programs);
  await writeFile(
    join(programs, "ssh"),
    `#!/bin/sh\nPATH=${process.env["PATH"]}\nexec ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$@"\n`,
  );
  await chmod(join(programs, "ssh"), 0o755);
  return {
    DOCKER_HOST: `ssh://root@${address}`,
    SSH_AUTH_SOCK: join(machine.runFolder, "agent.sock"),
    PATH: `${programs}:${process.env["PATH"]}`,
  };
};

/** Starts an engine for programs in one of its containers, into which its socket is mounted. */
async function startForContainer(release: DebianRelease, log: string): Promise<RunningEngine> {
  const engine = await startDocker(release, log);
  await importDebian(engine, release);
  await docker(engine, "run", "--detach", "--name", "program", DEBIAN_IMAGE, "sleep", "infinity");
  const namespace = await docker(engine, "inspect", "--format", "{{.NetworkSettings.SandboxKey}}", "program");
  return {
    ...engine,
    // The path as it is without symbolic links, which would be followed on our machine.
    enter: (...command) =>
      enterNetwork(engine.machine.pathOf(namespace.replace(/^\/var/, "")), viewedAs("container", command)),
  };
}

/** Starts an engine in a container of another one. */
async function startDockerInDocker(release: DebianRelease, log: string): Promise<RunningEngine> {
  const outer = await startDocker(release, log);
  await importDebian(outer, release);
  await docker(
    outer,
    ...["run", "--detach", "--name", "inner", "--hostname", "inner", "--volume", "/var/lib/docker"],
    // What --privileged does, without the only capability that a virtual machine may lack.
    ...["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--device-cgroup-rule", "a *:* rwm"],
    ...["seccomp", "apparmor", "systempaths"].flatMap((name) => ["--security-opt", `${name}=unconfined`]),
    ...[
      "--volume",
      "/sys/fs/cgroup:/sys/fs/cgroup",
      DEBIAN_IMAGE,
      "dockerd",
      "--host=tcp://0.0.0.0:2375",
      "--tls=false",
    ],
  );
  const address = await docker(outer, "inspect", "--format", "{{.NetworkSettings.IPAddress}}", "inner");
  return await answering({ ...outer, environment: { DOCKER_HOST: `tcp://${address}:2375` } });
}

const DEBIAN_IMAGE = "debian:engines";

/** Imports the root folder of a release as an image. */
async function importDebian(engine: RunningEngine, release: DebianRelease): Promise<void> {
  const root = await provideRoot(release);
  await pipeTo(["tar", "--create", "--directory", root, "."], engine, "docker", "import", "-", DEBIAN_IMAGE);
}

/** Copies images of the installed engine to another one. */
export async function loadImages(engine: RunningEngine, images: readonly string[]): Promise<void> {
  await pipeTo(["docker", "save", ...images], engine, "docker", "load", "--quiet");
}

/** Pipes the output of a command of this machine to a command that uses an engine. */
async function pipeTo(
  [source = "", ...sourceArgs]: readonly string[],
  engine: RunningEngine,
  ...command: readonly string[]
): Promise<void> {
  const [target = "", ...targetArgs] = engine.enter(...command);
  const writer = spawn(source, sourceArgs, { stdio: ["ignore", "pipe", "inherit"] });
  const reader = spawn(target, targetArgs, {
    env: { ...process.env, ...engine.environment },
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(reader, "exit");
  await pipeline(writer.stdout, reader.stdin);
  const [exitCode] = await ended;
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit code ${exitCode}`);
}

/** Waits until the engine answers. Ends it if it does not. */
async function answering(engine: RunningEngine): Promise<RunningEngine> {
  const startedAt = performance.now();
  for await (const _ of setInterval(100)) {
    try {
      await docker(engine, "version");
      return engine;
    } catch (error) {
      if (performance.now() - startedAt < START_TIMEOUT_MS) continue;
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }
  throw new Error("unreachable");
}

/** Runs the `docker` command on an engine and returns its output. */
export async function docker(engine: RunningEngine, ...args: readonly string[]): Promise<string> {
  const [program = "", ...rest] = engine.enter("docker", ...args);
  const { stdout } = await run(program, rest, { env: { ...process.env, ...engine.environment } });
  return stdout.trim();
}
