import type { ClusterContext } from "../cluster/cluster-context.ts";
import { PULL_TIMEOUT_MS, provideImage } from "../docker/provide-image.ts";
import { abortable } from "../timing/deadline.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";

/** The image of the containers that change the networks of nodes. */
export class HelperImage {
  readonly #context: ClusterContext;
  #isPresent = false;
  #pulling: Promise<void> | undefined;

  constructor(context: ClusterContext) {
    this.#context = context;
  }

  /**
   * Pulls the image if the engine does not have it. Pulling has a separate timeout of ten minutes, because the duration of a pull
   * says nothing about the fault.
   */
  async ensure({ signal, timeoutMs }: WaitOptions): Promise<void> {
    if (this.#isPresent) return;
    const { engine, calls, plan } = this.#context;
    await provideImage(engine, plan.faultImage, "faultImage", {
      lookUp: (what, step) => calls.query(what, { signal, timeoutMs }, step),
      pull: (what, step) =>
        calls.run(what, { signal, timeoutMs: PULL_TIMEOUT_MS }, (deadline) =>
          abortable(this.#pullOnce(step), deadline),
        ),
    });
    this.#isPresent = true;
  }

  /** Lets faults that are applied at the same time wait for the same pull. */
  #pullOnce(pull: () => Promise<void>): Promise<void> {
    this.#pulling ??= pull().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }
}
