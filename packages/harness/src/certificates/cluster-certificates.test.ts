import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type PeerCertificate, type TLSSocket } from "node:tls";
import { beforeAll, expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import type { IssuedCertificate } from "./certificate-authority.ts";
import { type ClusterCertificates, clientTls, makeCertificates } from "./cluster-certificates.ts";

const SUBNET = parseSubnet("172.28.0.0/24");
const PLAN = planCluster(validateOptions({ nodes: 3, replicas: 0, tls: true }, {}), SUBNET, (length) =>
  "0123456789abcdef".repeat(3).slice(0, length),
);
let made: ClusterCertificates;
let others: ClusterCertificates;

beforeAll(async () => {
  made = await makeCertificates(PLAN, true, "docker.example", "fd00::7", "::1", "198.51.100.7");
  others = await makeCertificates(PLAN, false, "127.0.0.1");
});

const first = (certificates: ClusterCertificates): IssuedCertificate =>
  certificates.nodes[0] as IssuedCertificate;

test("every node's certificate is signed by the cluster's own authority and belongs to its key", () => {
  const authority = new X509Certificate(made.ca);
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  for (const { cert } of [...made.nodes, made.client as IssuedCertificate]) {
    const certificate = new X509Certificate(cert);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
  }
  const serials = [made.ca, ...made.nodes.map(({ cert }) => cert)].map(
    (cert) => new X509Certificate(cert).serialNumber,
  );
  expect(new Set(serials).size).toBe(4);
});

test("a node's certificate names where the node is reached, and nothing of another node", () => {
  const certificate = new X509Certificate(first(made).cert);
  for (const address of ["127.0.0.1", "198.51.100.7", "fd00::7", "::1", PLAN.nodes[0]?.address ?? ""]) {
    expect(certificate.checkIP(address)).toBe(address);
  }
  for (const name of ["node-0", "localhost", "docker.example"])
    expect(certificate.checkHost(name)).toBe(name);
  // An address that stands there as a name would match no connection.
  expect(certificate.subjectAltName).not.toMatch(/DNS:[^,]*:/);
  expect(certificate.checkIP("fd00::8")).toBeUndefined();
  expect(certificate.checkHost("node-1")).toBeUndefined();
  expect(certificate.checkIP(PLAN.nodes[1]?.address ?? "")).toBeUndefined();
});

/** The certificates of a cluster that was asked for with names. */
async function named(names: string): Promise<ClusterCertificates> {
  const valid = validateOptions({ nodes: 1, replicas: 0, tls: { names } }, {});
  const plan = planCluster(valid, SUBNET, (length) => "0123456789abcdef".repeat(3).slice(0, length));
  return await makeCertificates(plan, false, "docker.example");
}

test("certificates for hosts contain names only, and clients verify one that all have", async () => {
  const certificates = await named("hosts");
  const { subjectAltName } = new X509Certificate(first(certificates).cert);
  expect(subjectAltName).toBe("DNS:node-0, DNS:localhost, DNS:docker.example");
  expect(clientTls(certificates)).toEqual({ ca: certificates.ca, servername: "localhost" });
});

test("certificates with one fixed name contain nothing else, and clients verify that name", async () => {
  const certificates = await named("redis.example");
  expect(new X509Certificate(first(certificates).cert).subjectAltName).toBe("DNS:redis.example");
  expect(clientTls(certificates)).toEqual({ ca: certificates.ca, servername: "redis.example" });
  expect(clientTls(made)).toEqual({ ca: made.ca, ...made.client });
});

test("a node's certificate contains the host name that the node announces", async () => {
  const config = { "cluster-announce-hostname": "{name}.redis.test" };
  let count = 0;
  const plan = planCluster(
    validateOptions({ nodes: 3, replicas: 0, tls: true, config }, {}),
    SUBNET,
    (length) => String((count += 1)).padStart(length, "0"),
  );
  const { nodes } = await makeCertificates(plan, false, "127.0.0.1");
  const certificate = new X509Certificate(nodes[1]?.cert ?? "");
  expect(certificate.checkHost("node-1.redis.test")).toBe("node-1.redis.test");
  expect(certificate.checkHost("node-0.redis.test")).toBeUndefined();
});

test("certificates are valid from yesterday, for clocks that are late, and not for long", () => {
  const { validFrom, validTo } = new X509Certificate(first(made).cert);
  const days = (text: string): number => (Date.parse(text) - Date.now()) / 86_400_000;
  expect(days(validFrom)).toBeCloseTo(-1, 1);
  expect(days(validTo)).toBeCloseTo(30, 1);
});

/** Connects with TLS and gives what both sides think of it. */
async function handshake(
  server: IssuedCertificate,
  client: { readonly ca?: string; readonly cert?: string; readonly key?: string },
  address = "127.0.0.1",
): Promise<PeerCertificate> {
  const listener = createServer({ ...server, ca: made.ca, requestCert: true, rejectUnauthorized: true });
  const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
  accepted.catch(() => {});
  const refused = once(listener, "tlsClientError").then(([error]) => {
    throw error as Error;
  });
  refused.catch(() => {});
  await once(listener.listen(0, address), "listening");
  const { port } = listener.address() as { port: number };
  const socket = connect({ host: address, port, ...client });
  try {
    await once(socket, "secureConnect");
    const [peer] = await Promise.race([accepted, refused]);
    return peer.getPeerCertificate();
  } finally {
    socket.destroy();
    listener.close();
  }
}

test("a client with the authority's certificate and one of its own is let in, by TLS' own rules", async () => {
  const client = made.client as IssuedCertificate;
  const peer = await handshake(first(made), { ca: made.ca, ...client });
  expect(peer.subject.CN).toBe("client");
});

test("a node that is reached by an IPv6 address is verified like any other", async () => {
  const client = made.client as IssuedCertificate;
  const peer = await handshake(first(made), { ca: made.ca, ...client }, "::1");
  expect(peer.subject.CN).toBe("client");
});

test("a client that does not know the authority refuses the node", async () => {
  await expect(handshake(first(made), {})).rejects.toThrow(
    /unable to verify the first certificate|self-signed/,
  );
  await expect(handshake(first(made), { ca: others.ca })).rejects.toThrow(/verify|signature|self-signed/);
});

test("where clients have to show a certificate, one of another cluster's is not enough", async () => {
  await expect(handshake(first(made), { ca: made.ca })).rejects.toThrow(/did not return a certificate/);
  await expect(handshake(first(made), { ca: made.ca, ...first(others) })).rejects.toThrow(
    /socket hang up|certificate|unknown ca/i,
  );
  expect(others.client).toBeUndefined();
});
