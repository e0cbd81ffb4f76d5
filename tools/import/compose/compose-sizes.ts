import type { Container } from "../draft.ts";
import { refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import { mebibytesOf, within } from "../words.ts";
import type { ComposeApplication } from "./compose-application.ts";
import type { ComposeService } from "./compose-source.ts";

export function sizesOf(
  service: ComposeService,
  app: ComposeApplication,
  to: string,
): Partial<Container> {
  const { spec, name, file } = service;
  const at: Path = ["services", name];
  const { limits, reservations } = spec.deploy?.resources ?? {};
  const below: Path = [...at, "deploy", "resources"];
  const sizes: Partial<Container> = {};
  const take = (
    path: Path,
    given: string | number | undefined,
    key: keyof Container,
    size: (given: string | number) => number | undefined,
  ) => {
    if (given === undefined || app.report.has(path)) return undefined;
    const number = size(given);
    if (number === undefined || Number.isNaN(number))
      throw refusal(
        file,
        path,
        given,
        key === "memoryMiB" ? "a size such as 512M" : "a number of cores such as 0.5",
      );
    if (key in sizes) app.report.left(path, "memory is requested as it is limited");
    else {
      Object.assign(sizes, { [key]: number });
      app.report.carried(path, `${to}.${key}`);
    }
    return number;
  };
  const cores = (given: string | number) => within(Math.round(Number(given) * 1000), 10, 64_000);
  const memory = (given: string | number) => {
    const found = mebibytesOf(given);
    return found === undefined ? undefined : within(found, 16, 65_536);
  };
  take([...below, "limits", "memory"], limits?.memory, "memoryMiB", memory);
  take([...at, "mem_limit"], spec.mem_limit, "memoryMiB", memory);
  take([...below, "reservations", "memory"], reservations?.memory, "memoryMiB", memory);
  take([...at, "mem_reservation"], spec.mem_reservation, "memoryMiB", memory);
  take([...below, "limits", "cpus"], limits?.cpus, "cpuLimitMillicores", cores);
  take([...at, "cpus"], spec.cpus, "cpuLimitMillicores", cores);
  take([...below, "reservations", "cpus"], reservations?.cpus, "cpuMillicores", cores);
  const { cpuLimitMillicores: most, cpuMillicores: least } = sizes;
  if (most !== undefined && most < (least ?? 250)) sizes.cpuMillicores = most;
  if (least !== undefined && least > (most ?? 1000)) sizes.cpuLimitMillicores = least;
  for (const [group, given] of Object.entries(spec.deploy?.resources ?? {})) {
    for (const key of Object.keys(given ?? {})) {
      const path = [...below, group, key];
      if (!app.report.has(path)) app.report.left(path, "pods have no such limit");
    }
  }
  return sizes;
}
