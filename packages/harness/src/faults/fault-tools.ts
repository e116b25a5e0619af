import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { FailoverProspects } from "../queries/failover-prospects.ts";
import type { Repairs } from "../queries/repairs.ts";
import type { FaultRegistry } from "./fault-registry.ts";
import type { HelperImage } from "./helper-image.ts";
import type { LateFaults } from "./late-faults.ts";
import type { NetworkFaultLog } from "./network-fault-log.ts";
import type { TargetResolver } from "./target-resolver.ts";

/** What the faults of one handle share. */
export interface FaultTools {
  readonly context: ClusterContext;
  readonly targets: TargetResolver;
  readonly registry: FaultRegistry;
  readonly lateFaults: LateFaults;
  readonly repairs: Repairs;
  readonly prospects: FailoverProspects;
  readonly networkFaultLog: NetworkFaultLog;
  readonly helperImage: HelperImage;
}
