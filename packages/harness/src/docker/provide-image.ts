import { ImageName } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { imageName } from "./image-name.ts";
import { pullImage } from "./pull-image.ts";

/**
 * The timeout of a pull, in milliseconds. It is not part of other timeouts, because only the first use of an image needs a
 * pull.
 */
export const PULL_TIMEOUT_MS = 600_000;

/** Runs the steps of {@link provideImage}, each within its own timeout. */
export interface ImageSteps {
  lookUp(what: string, step: () => Promise<boolean>): Promise<boolean>;
  pull(what: string, step: () => Promise<void>): Promise<void>;
}

/**
 * Pulls an image if the engine does not have it.
 *
 * @param option the option that sets the image, for the message.
 * @throws RedisClusterError IMAGE_UNAVAILABLE if the engine does not have the image and cannot pull it.
 */
export async function provideImage(
  engine: Engine,
  image: string,
  option: "image" | "faultImage",
  steps: ImageSteps,
): Promise<void> {
  const isPresent = await steps.lookUp(`Looking for the image "${image}"`, () => hasImage(engine, image));
  if (!isPresent)
    await steps.pull(`Pulling the image "${image}"`, () => pullIfMissing(engine, image, option));
}

/** Returns true if the engine has an image, and false if it does not or does not answer. */
async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return await engine.client.image.exists(ImageName.fromString(imageName(image))).catch(() => false);
}

/** Pulls an image, unless another process has pulled it since it was looked for. */
async function pullIfMissing(engine: Engine, image: string, option: "image" | "faultImage"): Promise<void> {
  const name = imageName(image);
  const parsed = ImageName.fromString(name);
  let cause: unknown;
  try {
    if (await engine.client.image.exists(parsed)) return;
    await pullImage(engine, parsed);
    if (await engine.client.image.exists(parsed)) return;
  } catch (error) {
    cause = error;
  }
  const reason = cause === undefined ? "" : `: ${messageOf(cause)}`;
  throw new RedisClusterError(
    "IMAGE_UNAVAILABLE",
    `Pulling the image "${name}" failed${reason}. ` +
      `Check its name with \`docker pull ${name}\`, or set another image with the option \`${option}\`.`,
    { cause, details: { image: name, option } },
  );
}
