import { Hidden, type Report } from "./option-problems.ts";
import type { RedisUser } from "./options.ts";
import { hasControlCharacter } from "./server-config.ts";
import { validatePassword } from "./validate-config.ts";

/** A user without gaps: `password: true` is still to be drawn. */
export interface ValidUser {
  readonly name: string;
  readonly password: string | true;
  readonly rules: readonly string[];
}

const NAME = /^[A-Za-z0-9][\w.@:-]*$/;
/** Rules about passwords: the plan sets the one password, and a test is to be able to ask for it. */
const PASSWORD_RULE = /^([<>#!]|(nopass|resetpass|reset)$)/i;
const RULES = 'rules of ACL SETUSER, such as "~app:* +@read" or ["~app:*", "+@read"]';

/** Checks the ACL users. Whether the server knows a rule's command is for the server to say. */
export function validateUsers(value: unknown, report: Report): readonly ValidUser[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report("users", new Hidden("something else"), "an object of users by name");
    return [];
  }
  return Object.entries(value).flatMap(([name, user]) => {
    const option = `users[${JSON.stringify(name)}]`;
    if (name === "default") {
      report(option, new Hidden("a user"), "not to be set here: use the option `password`");
    } else if (!NAME.test(name)) {
      report(
        option,
        new Hidden("a user"),
        "a name of letters, digits and _ . @ : -, that begins with a letter or digit",
      );
    }
    return validateUser(option, name, user, report);
  });
}

function validateUser(option: string, name: string, user: unknown, report: Report): readonly ValidUser[] {
  if (typeof user !== "object" || user === null || Array.isArray(user)) {
    report(option, new Hidden("something else"), "an object with `rules` and, if wanted, `password`");
    return [];
  }
  const { password, rules, ...others } = user as Partial<Record<keyof RedisUser, unknown>>;
  for (const other of Object.keys(others)) {
    report(`${option}.${other}`, new Hidden("something"), "there is no such option");
  }
  const valid = validatePassword(password, report, `${option}.password`);
  return [{ name, password: valid ?? true, rules: validateRules(`${option}.rules`, rules, report) }];
}

function validateRules(option: string, value: unknown, report: Report): readonly string[] {
  const text = typeof value === "string";
  // Control characters are to be refused, not taken for blanks.
  const rules: readonly unknown[] = text
    ? value.split(/ +/).filter(Boolean)
    : Array.isArray(value)
      ? value
      : [];
  if (rules.length === 0) {
    report(option, new Hidden(text || Array.isArray(value) ? "none" : `a ${typeof value}`), RULES);
    return [];
  }
  for (const rule of rules) {
    // Not shown: it may hold a password.
    const given = new Hidden(
      typeof rule === "string" ? `a rule of ${rule.length} characters` : `a ${typeof rule}`,
    );
    if (typeof rule !== "string" || rule === "" || hasControlCharacter(rule)) {
      report(option, given, `${RULES}, without control characters`);
    } else if (/\s/.test(rule) && !/^\([^()]*\)$/.test(rule)) {
      report(option, given, "one rule in each text of a list; only a selector in parentheses has blanks");
    } else if (PASSWORD_RULE.test(rule)) {
      report(option, given, "no rule about passwords: use `password`");
    }
  }
  return rules as readonly string[];
}
