import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import type { IssuedCertificate } from "./certificate-authority.ts";

/** Everything in PEM. The authority's own key is not among it: it is forgotten once these are signed. */
export interface ClusterCertificates {
  /** The authority's certificate. */
  readonly ca: string;
  /** By index of the node. */
  readonly nodes: readonly IssuedCertificate[];
  /** For clients; undefined where they need none. */
  readonly client: IssuedCertificate | undefined;
}

/**
 * Makes an authority for one cluster and has it sign a certificate for each node, and one for clients where they have
 * to show one.
 *
 * @param host where published ports are reached: it stands in the nodes' certificates beside their own addresses.
 */
export async function makeCertificates(
  plan: ClusterPlan,
  clientAuth: boolean,
  host: string,
): Promise<ClusterCertificates> {
  // Only who wants TLS pays for loading it.
  const { CertificateAuthority } = await import("./certificate-authority.ts");
  const authority = await CertificateAuthority.create(plan.name);
  const names = (node: NodePlan): readonly string[] => [
    ...new Set([
      node.address,
      node.name,
      ...(node.hostname ? [node.hostname] : []),
      "localhost",
      "127.0.0.1",
      host,
    ]),
  ];
  const [nodes, client] = await Promise.all([
    Promise.all(plan.nodes.map((node) => authority.issue(node.name, names(node)))),
    clientAuth ? authority.issue("client", []) : undefined,
  ]);
  return { ca: authority.certificate, nodes, client };
}
