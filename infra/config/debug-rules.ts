import { imagePlaces } from "./image-names.ts";
import type { Settings } from "./schema.ts";
import { rule } from "./setting-rule.ts";

/** The logical name of the image that debugs containers. */
export const debugImageName = "debug-image";

/** Who may enter containers, and who is told of it. */
export const debugRules = [
  rule(["cluster"], ({ cluster: { debug, logTypes, ...lists } }) => {
    const { admins, deployers, viewers, auditors } = lists;
    const known = [...admins, ...deployers, ...viewers, ...auditors];
    const repeated = debug.filter((principal, at) => debug.indexOf(principal) !== at);
    return [
      ...[...new Set(debug)]
        .filter((principal) => !known.includes(principal))
        .map(
          (principal) =>
            `cluster.debug: ${principal} has no access to the cluster; allowed: a principal of admins, deployers, viewers or auditors`,
        ),
      ...[...new Set(repeated)].map((principal) => `cluster.debug: ${principal} is named twice`),
      debug.length > 0 &&
        !logTypes.includes("audit") &&
        "cluster.logTypes: audit is not in it, which records who of cluster.debug enters a container; allowed: with audit",
    ];
  }),
  rule(["cluster", "services", "jobs"], ({ cluster, ...settings }) => [
    ...imagePlaces(settings)
      .filter(({ name }) => cluster.debug.length > 0 && name === debugImageName)
      .map(
        ({ at }) =>
          `${at}: its image is named ${debugImageName}, as that of cluster.debugImage; allowed: another name`,
      ),
  ]),
];

/** Who alone may enter containers; undefined where Kubernetes' own rights decide. */
export const debuggersOf = ({
  cluster: { debug },
  environment,
}: Pick<Settings, "cluster" | "environment">): string[] | undefined =>
  debug.length > 0 || environment === "production" ? debug : undefined;
