import type { ClusterContext } from "../cluster/cluster-context.ts";
import { ensureImage, hasImage, PULL_TIMEOUT_MS } from "../docker/engine.ts";
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
    const { faultImage } = plan;
    const isPresent = await calls.query(`Looking for the image "${faultImage}"`, { signal, timeoutMs }, () =>
      hasImage(engine, faultImage),
    );
    if (!isPresent) {
      this.#pulling ??= ensureImage(engine, faultImage, "faultImage").finally(() => {
        this.#pulling = undefined;
      });
      const pulling = this.#pulling;
      await calls.run(
        `Pulling the image "${faultImage}"`,
        { signal, timeoutMs: PULL_TIMEOUT_MS },
        (deadline) => abortable(pulling, deadline),
      );
    }
    this.#isPresent = true;
  }
}
