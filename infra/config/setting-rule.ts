import type { ServiceConfig, Settings } from "./schema.ts";

/** A rule between settings: what it says when it is broken, checked when the slices it needs are valid. */
export function rule<Slice extends keyof Settings>(
  needs: Slice[],
  check: (settings: Pick<Settings, Slice>) => (string | false)[],
) {
  return (settings: Partial<Settings>): string[] =>
    needs.every((slice) => settings[slice] !== undefined)
      ? check(settings as Pick<Settings, Slice>).filter((problem) => problem !== false)
      : [];
}

/** A rule for each service; `at` is where its settings stand. */
export function perService<Slice extends keyof Settings>(
  needs: Slice[],
  check: (
    at: string,
    service: ServiceConfig,
    settings: Pick<Settings, Slice>,
  ) => (string | false)[],
) {
  return rule(["services", ...needs], (settings) =>
    Object.entries(settings.services).flatMap(([name, service]) =>
      check(`services.${name}`, service, settings),
    ),
  );
}
