/** Fields of an AWS cron expression: minute, hour, day of the month, month, day of the week, year. */
const awsCron = /^cron\((.+)\)$/;
const awsRate = /^rate\((\d+) (minute|hour|day)s?\)$/;

/**
 * The schedule as Kubernetes takes it; nothing of `none`, and of an AWS expression that has no equal.
 */
export function scheduleOf(given: string): string | undefined {
  const [, count, unit] = awsRate.exec(given) ?? [];
  if (count && unit) {
    return unit === "day"
      ? `@every ${Number(count) * 24}h`
      : `@every ${count}${unit === "hour" ? "h" : "m"}`;
  }
  const fields = awsCron.exec(given)?.[1]?.trim().split(/\s+/);
  if (!fields) return given === "none" ? undefined : given;
  const [minute, hour, day, month, weekday, year] = fields;
  if (
    fields.length !== 6 ||
    year !== "*" ||
    /[LW#]/.test(`${day}${weekday?.replace(/[A-Z]{3}/g, "")}`)
  )
    return undefined;
  // Sunday is 1 there, 0 here.
  const days = weekday?.replace(/\d+/g, (one) => String(Number(one) - 1));
  return [minute, hour, day, month, days].join(" ").replaceAll("?", "*");
}
