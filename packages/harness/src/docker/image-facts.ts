import { messageOf, RedisClusterError } from "../errors.ts";
import { type Engine, imageName } from "./engine.ts";

/** What an image says about the containers that are made from it. */
export interface ImageFacts {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Empty if the image names none. */
  readonly workingDir: string;
  /** Empty for root. */
  readonly user: string;
  /** Folders for which the image declares a volume. */
  readonly volumes: readonly string[];
}

/**
 * Inspects an image that the engine already has.
 *
 * @throws RedisClusterError START_FAILED if the engine does not answer, or does not have the image.
 */
export async function readImage({ docker }: Engine, image: string): Promise<ImageFacts> {
  try {
    const { Config } = await docker.getImage(imageName(image)).inspect();
    return {
      entrypoint: asWords(Config.Entrypoint),
      command: asWords(Config.Cmd),
      workingDir: Config.WorkingDir ?? "",
      user: Config.User ?? "",
      volumes: Object.keys(Config.Volumes ?? {}),
    };
  } catch (error) {
    throw new RedisClusterError(
      "START_FAILED",
      `Inspecting the image "${image}" failed: ${messageOf(error)}`,
      {
        cause: error,
        details: { image },
      },
    );
  }
}

/** A command of an image or a container as the list of its words; a single string is one word, as Docker reads it. */
export function asWords(given: string | readonly string[] | null | undefined): readonly string[] {
  if (given === null || given === undefined) return [];
  return typeof given === "string" ? [given] : given;
}
