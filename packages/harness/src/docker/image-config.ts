import { messageOf, RedisClusterError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { imageName } from "./image-name.ts";

/** The configuration of an image for its containers. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** The working folder. It is empty if the image does not set one. */
  readonly workingDir: string;
  /** The user in the notation of Docker. It is empty for root. */
  readonly user: string;
  /** The folders for which the image declares a volume. */
  readonly volumes: readonly string[];
  /** The TCP ports that the image exposes. */
  readonly ports: readonly number[];
}

/**
 * Reads the configuration of an image that the engine has.
 *
 * @throws RedisClusterError START_FAILED if the engine does not answer, or does not have the image.
 */
export async function readImageConfig({ docker }: Engine, image: string): Promise<ImageConfig> {
  try {
    const { Config } = await docker.getImage(imageName(image)).inspect();
    return {
      entrypoint: toWords(Config.Entrypoint),
      command: toWords(Config.Cmd),
      workingDir: Config.WorkingDir ?? "",
      user: Config.User ?? "",
      volumes: Object.keys(Config.Volumes ?? {}),
      ports: Object.keys(Config.ExposedPorts ?? {}).flatMap((port) =>
        port.endsWith("/tcp") ? [Number.parseInt(port, 10)] : [],
      ),
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

/** Returns whether a user in the notation of Docker, such as `redis` or `0:0`, is root. */
export function isRoot(user: string): boolean {
  return ["", "root", "0"].includes(user.replace(/:.*/, ""));
}

/** Converts a command of an image or a container to its words. As in Docker, a string is a single word. */
export function toWords(command: string | readonly string[] | null | undefined): readonly string[] {
  if (command === null || command === undefined) return [];
  return typeof command === "string" ? [command] : command;
}
