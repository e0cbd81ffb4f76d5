import { split } from "shlex";

/** A command as a list: a text is split as a shell would. */
export function wordsOf(command: string | string[]): string[] {
  return typeof command === "string" ? split(command) : command;
}

/** Seconds of `90`, `1m30s` or `1h`; rounded up. Nothing of another text. */
export function secondsOf(duration: string | number): number | undefined {
  if (typeof duration === "number" || /^\d+$/.test(duration)) return Number(duration);
  const units = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001, us: 0.000_001 };
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|us|d|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== duration) return undefined;
  const sum = parts.reduce(
    (total, [, count, unit]) => total + Number(count) * units[unit as keyof typeof units],
    0,
  );
  return Math.max(1, Math.ceil(sum));
}

/** MiB of `512`, `512M`, `1.5gb` as Compose writes bytes; nothing of another text. */
export function mebibytesOf(size: string | number): number | undefined {
  const [, count, unit = "b"] =
    /^(\d+(?:\.\d+)?)\s*([bkmg])?i?b?$/i.exec(String(size).trim()) ?? [];
  if (count === undefined) return undefined;
  const bytes = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()] ?? 1;
  return Math.ceil((Number(count) * bytes) / 1024 ** 2);
}

export const within = (number: number, least: number, most: number) =>
  Math.min(most, Math.max(least, number));
