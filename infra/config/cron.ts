/** The five fields of a schedule: their names, numbers and, from the least number on, words. */
const fields: [name: string, least: number, most: number, words?: string][] = [
  ["minute", 0, 59],
  ["hour", 0, 23],
  ["day of the month", 1, 31],
  ["month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"],
  ["day of the week", 0, 6, "sun mon tue wed thu fri sat"],
];

/** A list's part: a star, a number or a range, with a step. */
const part = /^(?:[*?]|(\w+)(?:-(\w+))?)(?:\/0*[1-9]\d*)?$/;

/** The descriptors of the parser, as five fields. */
export const descriptors: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** After 28 years each day of the week falls on each date again. */
const calendarDays = 28 * 365.25;

function numberOf(text: string, at: number): number {
  const [, least = 0, , names = ""] = fields[at] ?? [];
  const name = names.split(" ").indexOf(text.toLowerCase());
  return /^\d+$/.test(text) ? Number(text) : name < 0 ? Number.NaN : least + name;
}

/** The numbers of a field at its place, in order. */
export function numbersOf(field: string, at: number): number[] {
  const [, least = 0, most = 0] = fields[at] ?? [];
  const parts = field.split(",").map((one) => {
    const [range = "", step] = one.split("/");
    const [from = "", to = step ? undefined : from] = range.split("-");
    const star = /[*?]/.test(from);
    return {
      from: star ? least : numberOf(from, at),
      to: star || to === undefined ? most : numberOf(to, at),
      step: Number(step ?? 1),
    };
  });
  return Array.from({ length: most - least + 1 }, (_, offset) => least + offset).filter((number) =>
    parts.some(
      ({ from, to, step }) => number >= from && number <= to && (number - from) % step === 0,
    ),
  );
}

/** The greatest difference of neighbours; 0 of one alone, more than any number of none. */
function widest(numbers: number[]): number {
  if (numbers.length === 0) return Number.POSITIVE_INFINITY;
  return numbers
    .slice(1)
    .reduce((most, number, at) => Math.max(most, number - (numbers[at] ?? 0)), 0);
}

/**
 * What Kubernetes' parser (robfig/cron, ParseStandard) would refuse of a schedule of five fields, as
 * the rest of a sentence; nothing of one that begins with @.
 */
export function cronProblem(schedule: string): string | undefined {
  if (schedule.startsWith("@")) return undefined;
  for (const [at, field] of schedule.split(/ +/).entries()) {
    const [name, least, most] = fields[at] ?? ["field", 0, 0];
    for (const one of field.split(",")) {
      const [whole, from, to = from] = part.exec(one) ?? [];
      if (whole === undefined) {
        return `has the ${name} ${one}; allowed: *, a number or a range such as 1-5, with a step such as */5`;
      }
      if (from === undefined || to === undefined) continue;
      const beyond = [from, to].find(
        (text) => !(numberOf(text, at) >= least && numberOf(text, at) <= most),
      );
      if (beyond !== undefined) return `has the ${name} ${beyond}; allowed: ${least} to ${most}`;
      if (numberOf(from, at) > numberOf(to, at)) {
        return `has the ${name} ${from}-${to}; allowed: a range from the lower to the higher`;
      }
    }
  }
  return undefined;
}

/**
 * The longest time between two runs of a schedule that Kubernetes takes, in seconds, while the clocks
 * stay; more than any number for a schedule that never comes due.
 */
export function longestGapSeconds(schedule: string): number {
  const every = /^@every (.+)$/.exec(schedule)?.[1];
  if (every) {
    const lengths = { h: 3600, m: 60, s: 1 };
    return [...every.matchAll(/(\d+)([hms])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * lengths[unit as keyof typeof lengths],
      0,
    );
  }
  const texts = (descriptors[schedule] ?? schedule).split(/ +/);
  const [minutes = [], hours = [], daysOfMonth = [], months = [], daysOfWeek = []] =
    texts.map(numbersOf);
  const times = hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
  // With a star in one of both, a day must be in both.
  const both = [texts[2], texts[4]].some((text) => /(^|,)[*?](\/0*1)?(,|$)/.test(text ?? ""));
  const runsOn = (date: Date) => {
    const inMonth = daysOfMonth.includes(date.getUTCDate());
    const inWeek = daysOfWeek.includes(date.getUTCDay());
    return (
      months.includes(date.getUTCMonth() + 1) && (both ? inMonth && inWeek : inMonth || inWeek)
    );
  };
  const days = Array.from({ length: calendarDays }, (_, day) => day).filter((day) =>
    runsOn(new Date(Date.UTC(2000, 0, 1 + day))),
  );
  const [first = 0, last = 0] = [Math.min(...times), Math.max(...times)];
  const withinDay = widest([...times].sort((one, other) => one - other));
  return 60 * Math.max(withinDay, widest(days) * 1440 - (last - first));
}
