import { isIP } from "node:net";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import type { IssuedCertificate } from "./certificate-authority.ts";

/** Everything in PEM. The authority's own key is not part of it: it is dropped once these are signed. */
export interface ClusterCertificates {
  /** The authority's certificate. */
  readonly ca: string;
  /** By index of the node. */
  readonly nodes: readonly IssuedCertificate[];
  /** For clients; undefined if they need none. */
  readonly client: IssuedCertificate | undefined;
  /** The name in every node's certificate that clients verify; undefined: the address that they connect to. */
  readonly servername: string | undefined;
}

/**
 * Creates an authority for one cluster and lets it sign a certificate for each node, and one for clients if they must
 * present one.
 *
 * @param hosts names and addresses by which published ports are reached. The nodes' certificates contain them in addition
 * to the nodes' own.
 */
export async function makeCertificates(
  plan: ClusterPlan,
  clientAuth: boolean,
  ...hosts: readonly string[]
): Promise<ClusterCertificates> {
  const { names } = plan.tls ?? { names: "all" };
  // Loaded here, so that clusters without TLS do not pay for it.
  const { CertificateAuthority } = await import("./certificate-authority.ts");
  const authority = await CertificateAuthority.create(plan.name);
  const [nodes, client] = await Promise.all([
    Promise.all(plan.nodes.map((node) => authority.issue(node.name, namesOf(node, names, hosts)))),
    clientAuth ? authority.issue("client", []) : undefined,
  ]);
  return { ca: authority.certificate, nodes, client, servername: servernameOf(names) };
}

/** What a client of the cluster trusts, presents and verifies. */
export function clientTls({ ca, client, servername }: ClusterCertificates): {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
} {
  return { ca, ...client, ...(servername === undefined ? {} : { servername }) };
}

function namesOf(
  { address, name, hostname }: NodePlan,
  names: string,
  hosts: readonly string[],
): readonly string[] {
  const announced = hostname ? [hostname] : [];
  const all = [...new Set([address, name, ...announced, "localhost", "127.0.0.1", ...hosts])];
  if (names === "all") return all;
  return names === "hosts" ? all.filter((each) => isIP(each) === 0) : [names];
}

/**
 * A cluster client of ioredis has one set of TLS options for all nodes, so this is a name that every certificate
 * contains.
 */
function servernameOf(names: string): string | undefined {
  if (names === "all") return undefined;
  return names === "hosts" ? "localhost" : names;
}
