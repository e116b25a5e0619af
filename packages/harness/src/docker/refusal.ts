import { messageOf } from "../errors.ts";
import { statusOf } from "./engine.ts";

/**
 * Docker answers 403 for a plugin that authorizes requests (`authorization denied by plugin …`), and so do Bitbucket
 * Pipelines, the OPA plugin, Portainer and proxies in front of the socket. Some proxies answer 401.
 */
const REFUSING: ReadonlySet<number> = new Set([401, 403]);
/** The words of the engine's own 403 for networks: the request was allowed, and is impossible. */
const IMPOSSIBLE = /already (?:in use|allocated|exists)|overlap/i;
/** Old engines and some proxies answer another status. Their words name the plugin, or the setting and that it is forbidden. */
const BY_PLUGIN = /authorization denied by plugin/i;
const SETTING = /\bmounts?\b|security[-_ ]?opts?\b|no-new-privileges|cap[-_ ]?(?:add|drop)\b|capabilit/i;
/** Without "permission denied" and "operation not permitted": these are the kernel's words for a failed operation. */
const FORBIDDEN =
  /(?:\bnot|n't) allowed|(?<!operation )\bnot permitted|(?<!permission )\bdenied|forbidden|prohibited/i;

/**
 * Whether the engine, or something that authorizes its requests, forbids what was asked for. False for what the engine
 * tried and could not do, such as a folder that it may not create, an image that a registry denies, or an address in use.
 */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  const message = messageOf(error);
  if (BY_PLUGIN.test(message)) return true;
  if (REFUSING.has(status)) return !IMPOSSIBLE.test(message);
  // 404 and 409 are about what exists: an image, a network, a name.
  if (status === 404 || status === 409) return false;
  return SETTING.test(message) && FORBIDDEN.test(message);
}
