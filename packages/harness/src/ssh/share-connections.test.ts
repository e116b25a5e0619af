import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type Agent, createServer, type RequestListener, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Dockerode from "dockerode";
import { expect, onTestFinished, test } from "vitest";
import { protocolOf, shareConnections } from "./share-connections.ts";
import { SshServer } from "../../../../test/support/ssh-server.ts";

const run = promisify(execFile);

/** An HTTP server at a Unix socket in place of an engine. */
async function startEngine(
  answer: RequestListener,
): Promise<{ readonly connect: () => Socket } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "trc-ssh-"));
  const path = join(folder, "docker.sock");
  const server: Server = createServer(answer);
  await once(server.listen(path), "listening");
  return {
    connect: () => connect(path),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

const answerInfo: RequestListener = (_request, response) => {
  response.setHeader("content-type", "application/json");
  // Requests overlap.
  setTimeout(() => response.end('{"Name":"engine"}'), 20);
};

function connectTo({ port }: SshServer, timeout?: number): Dockerode {
  const docker = new Dockerode({ protocol: "ssh", host: "127.0.0.1", port, username: "me", timeout });
  shareConnections(docker);
  return docker;
}

test("requests share few connections, of which only one at a time is not logged in", async () => {
  await using engine = await startEngine(answerInfo);
  await using server = await SshServer.start(engine.connect);
  const docker = connectTo(server);
  const answers = await Promise.all(Array.from({ length: 25 }, () => docker.info()));
  expect(answers).toEqual(Array.from({ length: 25 }, () => ({ Name: "engine" })));
  expect(server.connections).toBe(3);
  expect(server.mostUnknown).toBe(1);
});

test("a request uses the session of an earlier one", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  await using engine = await startEngine(answerInfo);
  await using server = await SshServer.start(engine.connect);
  const docker = connectTo(server);
  for (let i = 0; i < 20; i += 1) await docker.info();
  expect([server.connections, server.sessions]).toEqual([1, 1]);
  expect(warnings, "warnings about listeners").toEqual([]);
});

test("a server that allows few sessions gets more connections", async () => {
  await using engine = await startEngine(answerInfo);
  await using server = await SshServer.start(engine.connect, { maxSessions: 2 });
  const docker = connectTo(server);
  const answers = await Promise.all(Array.from({ length: 6 }, () => docker.info()));
  expect(answers).toHaveLength(6);
  expect(server.connections).toBe(3);
});

test("a request after the end of the connection uses a new one", async () => {
  await using engine = await startEngine(answerInfo);
  await using server = await SshServer.start(engine.connect);
  const docker = connectTo(server);
  await docker.info();
  const { agent } = docker.modem as unknown as { readonly agent: Agent };
  const idle = (): readonly unknown[] => Object.values(agent.freeSockets).flat();
  expect(idle()).toHaveLength(1);
  server.disconnect();
  await expect.poll(idle).toEqual([]);
  expect(await docker.info()).toEqual({ Name: "engine" });
  expect(server.connections).toBe(2);
});

test("a request fails with the output of the command if the other machine has no Docker client", async () => {
  await using server = await SshServer.start(() => connect("/nowhere"), { failure: "sh: docker: not found" });
  await expect(connectTo(server).info()).rejects.toThrow(
    "docker system dial-stdio: exit code 127: sh: docker: not found",
  );
});

test("a request fails with the reason if no server listens", async () => {
  const server = await SshServer.start(() => connect("/nowhere"));
  const docker = connectTo(server);
  await server[Symbol.asyncDispose]();
  await expect(docker.info()).rejects.toThrow(/The SSH connection to 127\.0\.0\.1 failed: .*ECONNREFUSED/);
});

test("a client with a timeout gets answers, and ends a request without one", async () => {
  await using engine = await startEngine((request, response) => {
    if (request.url?.endsWith("/info") === true) answerInfo(request, response);
  });
  await using server = await SshServer.start(engine.connect);
  const docker = connectTo(server, 300);
  expect(await docker.info()).toEqual({ Name: "engine" });
  await expect(docker.version()).rejects.toThrow("socket hang up");
});

test("a response can be read without keeping the process alive", async () => {
  await using engine = await startEngine((_request, response) => response.write("first"));
  await using server = await SshServer.start(engine.connect);
  const program = `
    import Dockerode from "dockerode";
    import { shareConnections } from ${JSON.stringify(new URL("./share-connections.ts", import.meta.url).href)};
    const docker = new Dockerode({ protocol: "ssh", host: "127.0.0.1", port: ${server.port}, username: "me" });
    shareConnections(docker);
    const log = await docker.getContainer("node-0").logs({ follow: true, stdout: true });
    log.socket.unref();
    log.on("data", (chunk) => process.stdout.write(chunk));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: import.meta.dirname,
    timeout: 10_000,
  });
  expect(stdout).toBe("first");
});

test("clients of other engines stay as they are", () => {
  const docker = new Dockerode({ protocol: "http", host: "127.0.0.1", port: 2375 });
  const { agent, protocol } = docker.modem as { readonly agent?: unknown; readonly protocol?: unknown };
  shareConnections(docker);
  expect(docker.modem).toMatchObject({ agent, protocol });
  expect(protocolOf({ protocol, agent })).toBe("http");
});
