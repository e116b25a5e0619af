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
   * Pulls the image if the engine does not have it. The duration of a pull says nothing about the fault, so that pulling has a
   * timeout of its own.
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
        `Bringing the image "${faultImage}"`,
        { signal, timeoutMs: PULL_TIMEOUT_MS },
        (within) => abortable(pulling, within),
      );
    }
    this.#isPresent = true;
  }
}
