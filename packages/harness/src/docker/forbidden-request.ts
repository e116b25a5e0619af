import { messageOf } from "../errors.ts";
import { statusOf } from "./engine.ts";

/**
 * The statuses of forbidden requests. Docker answers 403 for a plugin that authorizes requests
 * (`authorization denied by plugin …`), and so do Bitbucket Pipelines, the OPA plugin, Portainer and proxies in front of the
 * socket. Some proxies answer 401.
 */
const FORBIDDEN_STATUSES: ReadonlySet<number> = new Set([401, 403]);
/** The messages with which the engine answers 403 to an allowed request that is impossible. They concern networks. */
const IMPOSSIBLE = /already (?:in use|allocated|exists)|overlap/i;
/** Old engines and some proxies answer with another status. Their messages name the plugin, or the forbidden setting. */
const BY_PLUGIN = /authorization denied by plugin/i;
const SETTING = /\bmounts?\b|security[-_ ]?opts?\b|no-new-privileges|cap[-_ ]?(?:add|drop)\b|capabilit/i;
/** Does not match "permission denied" and "operation not permitted", because these are messages of the kernel. */
const FORBIDDEN =
  /(?:\bnot|n't) allowed|(?<!operation )\bnot permitted|(?<!permission )\bdenied|forbidden|prohibited/i;

/**
 * Returns true if the engine, or a component that authorizes its requests, has forbidden a request. Returns false if the engine
 * tried to carry out the request and failed, for example because it cannot create a folder, a registry denies an image, or an
 * address is in use.
 */
export function isForbidden(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  const message = messageOf(error);
  if (BY_PLUGIN.test(message)) return true;
  if (FORBIDDEN_STATUSES.has(status)) return !IMPOSSIBLE.test(message);
  // 404 and 409 concern resources that exist or are missing, such as images, networks and names.
  if (status === 404 || status === 409) return false;
  return SETTING.test(message) && FORBIDDEN.test(message);
}
