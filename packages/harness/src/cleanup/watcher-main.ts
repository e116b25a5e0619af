import type { LabelledResources } from "./labelled-resources.ts";
import { type EngineReference, readOrders } from "./watcher-orders.ts";

// The watcher's process: it waits for its owner's death, removes what the owner left, and ends. Nobody hears it.
// It may wait for hours, and most often in vain, so what it needs afterwards is loaded afterwards.

const orders = await readOrders(process.stdin);
if (orders !== undefined) {
  const { cleanUpAfter } = await import("./clean-up-after.ts");
  await cleanUpAfter(orders.owner, await open(orders.engine));
}
process.exit();

async function open(engine: EngineReference): Promise<LabelledResources> {
  if (engine.kind === "http") return new (await import("./engine-http.ts")).EngineHttp(engine.address);
  const { openLabelledResources } = (await import(engine.url)) as {
    openLabelledResources: () => Promise<LabelledResources>;
  };
  return await openLabelledResources();
}
