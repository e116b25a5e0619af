import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type PeerCertificate, type TLSSocket } from "node:tls";
import { beforeAll, expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import type { IssuedCertificate } from "./certificate-authority.ts";
import { type ClusterCertificates, clientTls, issueCertificates } from "./cluster-certificates.ts";

const SUBNET = parseSubnet("172.28.0.0/24");
const PLAN = planCluster(validateOptions({ nodes: 3, replicas: 0, tls: true }, {}), SUBNET, (length) =>
  "0123456789abcdef".repeat(3).slice(0, length),
);
let certificates: ClusterCertificates;
let otherCertificates: ClusterCertificates;

beforeAll(async () => {
  certificates = await issueCertificates(PLAN, true, "docker.example", "fd00::7", "::1", "198.51.100.7");
  otherCertificates = await issueCertificates(PLAN, false, "127.0.0.1");
});

const firstNode = ({ nodes }: ClusterCertificates): IssuedCertificate => nodes[0] as IssuedCertificate;

test("the authority of the cluster signs all certificates", () => {
  const authority = new X509Certificate(certificates.ca);
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  for (const { cert } of [...certificates.nodes, certificates.client as IssuedCertificate]) {
    const certificate = new X509Certificate(cert);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
  }
  const serials = [certificates.ca, ...certificates.nodes.map(({ cert }) => cert)].map(
    (cert) => new X509Certificate(cert).serialNumber,
  );
  expect(new Set(serials).size).toBe(4);
});

test("a certificate contains the names and addresses of its node only", () => {
  const certificate = new X509Certificate(firstNode(certificates).cert);
  for (const address of ["127.0.0.1", "198.51.100.7", "fd00::7", "::1", PLAN.nodes[0]?.address ?? ""]) {
    expect(certificate.checkIP(address)).toBe(address);
  }
  for (const name of ["node-0", "localhost", "docker.example"])
    expect(certificate.checkHost(name)).toBe(name);
  // An IP address with the type of a DNS name matches no connection.
  expect(certificate.subjectAltName).not.toMatch(/DNS:[^,]*:/);
  expect(certificate.checkIP("fd00::8")).toBeUndefined();
  expect(certificate.checkHost("node-1")).toBeUndefined();
  expect(certificate.checkIP(PLAN.nodes[1]?.address ?? "")).toBeUndefined();
});

/** Issues certificates with the given value of the option `tls.names`. */
async function issueWith(names: string): Promise<ClusterCertificates> {
  const valid = validateOptions({ nodes: 1, replicas: 0, tls: { names } }, {});
  const plan = planCluster(valid, SUBNET, (length) => "0123456789abcdef".repeat(3).slice(0, length));
  return await issueCertificates(plan, false, "docker.example");
}

test("clients verify localhost if the certificates contain host names only", async () => {
  const issued = await issueWith("hosts");
  const { subjectAltName } = new X509Certificate(firstNode(issued).cert);
  expect(subjectAltName).toBe("DNS:node-0, DNS:localhost, DNS:docker.example");
  expect(clientTls(issued)).toEqual({ ca: issued.ca, servername: "localhost" });
});

test("clients verify the fixed name if the certificates contain only that name", async () => {
  const issued = await issueWith("redis.example");
  expect(new X509Certificate(firstNode(issued).cert).subjectAltName).toBe("DNS:redis.example");
  expect(clientTls(issued)).toEqual({ ca: issued.ca, servername: "redis.example" });
  expect(clientTls(certificates)).toEqual({ ca: certificates.ca, ...certificates.client });
});

test("a certificate contains the host name that its node announces", async () => {
  const config = { "cluster-announce-hostname": "{name}.redis.test" };
  let count = 0;
  const plan = planCluster(
    validateOptions({ nodes: 3, replicas: 0, tls: true, config }, {}),
    SUBNET,
    (length) => String((count += 1)).padStart(length, "0"),
  );
  const { nodes } = await issueCertificates(plan, false, "127.0.0.1");
  const certificate = new X509Certificate(nodes[1]?.cert ?? "");
  expect(certificate.checkHost("node-1.redis.test")).toBe("node-1.redis.test");
  expect(certificate.checkHost("node-0.redis.test")).toBeUndefined();
});

test("certificates are valid from one day ago until 30 days from now", () => {
  const { validFrom, validTo } = new X509Certificate(firstNode(certificates).cert);
  const days = (text: string): number => (Date.parse(text) - Date.now()) / 86_400_000;
  expect(days(validFrom)).toBeCloseTo(-1, 1);
  expect(days(validTo)).toBeCloseTo(30, 1);
});

/** Connects with TLS, and returns the certificate of the client. Rejects if one side refuses the other. */
async function handshake(
  server: IssuedCertificate,
  client: { readonly ca?: string; readonly cert?: string; readonly key?: string },
  address = "127.0.0.1",
): Promise<PeerCertificate> {
  const listener = createServer({
    ...server,
    ca: certificates.ca,
    requestCert: true,
    rejectUnauthorized: true,
  });
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

test("a client with a certificate of the cluster can connect", async () => {
  const client = certificates.client as IssuedCertificate;
  const peer = await handshake(firstNode(certificates), { ca: certificates.ca, ...client });
  expect(peer.subject.CN).toBe("client");
});

test("a client can connect to a node with an IPv6 address", async () => {
  const client = certificates.client as IssuedCertificate;
  const peer = await handshake(firstNode(certificates), { ca: certificates.ca, ...client }, "::1");
  expect(peer.subject.CN).toBe("client");
});

test("a client that does not trust the authority rejects the node", async () => {
  await expect(handshake(firstNode(certificates), {})).rejects.toThrow(
    /unable to verify the first certificate|self-signed/,
  );
  await expect(handshake(firstNode(certificates), { ca: otherCertificates.ca })).rejects.toThrow(
    /verify|signature|self-signed/,
  );
});

test("a node rejects clients without a certificate, or with one of another cluster", async () => {
  await expect(handshake(firstNode(certificates), { ca: certificates.ca })).rejects.toThrow(
    /did not return a certificate/,
  );
  await expect(
    handshake(firstNode(certificates), { ca: certificates.ca, ...firstNode(otherCertificates) }),
  ).rejects.toThrow(/socket hang up|certificate|unknown ca/i);
  expect(otherCertificates.client).toBeUndefined();
});
