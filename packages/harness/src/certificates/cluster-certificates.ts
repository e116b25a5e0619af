import { isIP } from "node:net";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import type { IssuedCertificate } from "./certificate-authority.ts";

/** The certificates of a cluster in PEM. The private key of the authority is not kept after all certificates are signed. */
export interface ClusterCertificates {
  /** The certificate of the authority. */
  readonly ca: string;
  /** The certificates of the nodes, in the order of their indexes. */
  readonly nodes: readonly IssuedCertificate[];
  /** The certificate of the clients, if clients must present one. */
  readonly client: IssuedCertificate | undefined;
  /** The name that clients verify in the certificate of every node. @default the address to which a client connects */
  readonly servername: string | undefined;
}

/**
 * Creates an authority for one cluster, which signs a certificate for each node and, if `clientAuth` is true, one for clients.
 *
 * @param clientAuth true if clients must present a certificate.
 * @param hosts the host names and addresses at which published ports are reached. The certificates of the nodes contain them in
 * addition to the names and addresses of the nodes.
 */
export async function issueCertificates(
  plan: ClusterPlan,
  clientAuth: boolean,
  ...hosts: readonly string[]
): Promise<ClusterCertificates> {
  const { names } = plan.tls ?? { names: "all" };
  // Loaded here, because clusters without TLS do not need it.
  const { CertificateAuthority } = await import("./certificate-authority.ts");
  const authority = await CertificateAuthority.create(plan.name);
  const [nodes, client] = await Promise.all([
    Promise.all(plan.nodes.map((node) => authority.issue(node.name, certificateNames(node, names, hosts)))),
    clientAuth ? authority.issue("client", []) : undefined,
  ]);
  return { ca: authority.certificate, nodes, client, servername: servernameOf(names) };
}

/** Returns the TLS options of a client of the cluster. */
export function clientTls({ ca, client, servername }: ClusterCertificates): {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
} {
  return { ca, ...client, ...(servername === undefined ? {} : { servername }) };
}

function certificateNames(
  { address, name: nodeName, hostname }: NodePlan,
  names: string,
  hosts: readonly string[],
): readonly string[] {
  const announced = hostname ? [hostname] : [];
  const all = [...new Set([address, nodeName, ...announced, "localhost", "127.0.0.1", ...hosts])];
  if (names === "all") return all;
  return names === "hosts" ? all.filter((name) => isIP(name) === 0) : [names];
}

/**
 * Returns a name that the certificates of all nodes contain, because a cluster client of ioredis has one set of TLS options for
 * all nodes.
 */
function servernameOf(names: string): string | undefined {
  if (names === "all") return undefined;
  return names === "hosts" ? "localhost" : names;
}
