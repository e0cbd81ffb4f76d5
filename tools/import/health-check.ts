import type { Health } from "./draft.ts";
import { secondsOf, within, wordsOf } from "./words.ts";

/** A health check as Compose and Amazon ECS have it. */
interface GivenCheck {
  test: string | string[];
  interval?: string | number;
  timeout?: string | number;
  retries?: string | number;
  start_period?: string | number;
}

type Check = Exclude<NonNullable<Exclude<Health, string>["ready"]>, string>;

const local =
  /^(?:(http):\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[^\s]*)?$/;

/** Docker's default (Dockerfile reference, HEALTHCHECK). */
const seconds = { interval: 30, timeout: 30 };
const retries = 3;

/** The check as a path that Kubernetes asks, where it is a plain request to the container; else its command. */
export function checkOf(given: GivenCheck, ownPort: number | undefined): Check | undefined {
  const words = wordsIn(given.test);
  if (words === undefined) return undefined;
  const times = {
    periodSeconds: within(secondsOf(given.interval ?? seconds.interval) ?? 30, 1, 300),
    timeoutSeconds: within(secondsOf(given.timeout ?? seconds.timeout) ?? 30, 1, 60),
    failures: within(Number(given.retries ?? retries) || retries, 1, 600),
  };
  return { ...(requestOf(words, ownPort) ?? { command: words }), ...times };
}

/** The same check at the start, for as long as the container may be unhealthy. */
export function startOf(check: Check, given: Pick<GivenCheck, "start_period">): Check | undefined {
  const grace = secondsOf(given.start_period ?? 0) ?? 0;
  if (grace === 0) return undefined;
  const { periodSeconds = 30, failures = retries } = check;
  const step = within(periodSeconds, 1, 10);
  const count = within(Math.ceil(grace / step) + failures, 1, 600);
  return { ...check, periodSeconds: step, failures: count };
}

/** The command's words; nothing of NONE. */
function wordsIn(test: string | string[]): string[] | undefined {
  if (typeof test === "string") return ["/bin/sh", "-c", test];
  const [kind, ...rest] = test;
  if (kind === "NONE") return undefined;
  if (kind === "CMD-SHELL") return ["/bin/sh", "-c", rest.join(" ")];
  return kind === "CMD" ? rest : test;
}

/** curl or wget that asks the container itself, and whose answer nothing else reads. */
function requestOf(words: string[], ownPort: number | undefined): Check | undefined {
  const [shell, option, script = ""] = words;
  const plain = script
    .replace(/\s*(\|\||;)\s*exit( 1)?\s*$/, "")
    .replace(/\s*[12]?>\s*\/dev\/null/g, "");
  const given =
    shell === "/bin/sh" && option === "-c"
      ? /[|&;<>$`]/.test(plain)
        ? []
        : wordsOf(plain)
      : words;
  const [program = "", ...args] = given;
  if (!/(^|\/)(curl|wget)$/.test(program)) return undefined;
  const [match, ...others] = args.map((one) => local.exec(one)).filter((one) => one !== null);
  if (!match || others.length > 0 || args.some((one) => one.startsWith("https:"))) return undefined;
  const port = Number(match[2] ?? 80);
  return { path: match[3] ?? "/", ...(port !== ownPort && { port }) };
}
