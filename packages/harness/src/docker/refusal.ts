import { messageOf } from "../errors.ts";
import { statusOf } from "./engine.ts";

/**
 * Whether the engine, or a plugin that authorizes its requests, forbids what was asked for. Docker answers 403 for a
 * plugin's refusal (`authorization denied by plugin …`), as Bitbucket Pipelines does for mounts, `security-opt` and
 * capabilities; other guards in front of an engine use other statuses and say what they do not allow.
 */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  const forbidden = /not allowed|not permitted|denied|forbidden|prohibited/i;
  return status === 403 || forbidden.test(messageOf(error));
}
