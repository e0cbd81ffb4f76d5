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

/**
 * What Kubernetes' parser (robfig/cron, ParseStandard) would refuse of a schedule of five fields, as
 * the rest of a sentence; nothing of one that begins with @.
 */
export function cronProblem(schedule: string): string | undefined {
  if (schedule.startsWith("@")) return undefined;
  for (const [at, field] of schedule.split(/ +/).entries()) {
    const [name, least, most, words = ""] = fields[at] ?? ["field", 0, 0];
    const numberOf = (text: string) => {
      const word = words.split(" ").indexOf(text.toLowerCase());
      return /^\d+$/.test(text) ? Number(text) : word < 0 ? Number.NaN : least + word;
    };
    for (const one of field.split(",")) {
      const [whole, from, to = from] = part.exec(one) ?? [];
      if (whole === undefined) {
        return `has the ${name} ${one}; allowed: *, a number or a range such as 1-5, with a step such as */5`;
      }
      if (from === undefined || to === undefined) continue;
      const beyond = [from, to].find(
        (text) => !(numberOf(text) >= least && numberOf(text) <= most),
      );
      if (beyond !== undefined) return `has the ${name} ${beyond}; allowed: ${least} to ${most}`;
      if (numberOf(from) > numberOf(to)) {
        return `has the ${name} ${from}-${to}; allowed: a range from the lower to the higher`;
      }
    }
  }
  return undefined;
}
