import type { Left, Path, Report } from "../report.ts";

const logs: Left = ["logs go to CloudWatch"];
const network: Left = ["the network is the stack's", "`egress` to networks that it must reach"];
const rollout: Left = ["a rollout replaces pods one after the other, and goes back when it fails"];
const fargate: Left = ["tasks of Fargate are no pods"];
const load: Left = ["the stack has one load balancer", "`ingress` and `route`"];
const export_: Left = [
  "an export of CloudFormation is read by nobody here",
  "the value itself, or a parameter of SSM",
];
const scaling: Left = ["the autoscaler has no such target"];

/** By the path in a manifest; `*` is any name or index. */
const ignored: [path: string, left: Left][] = [
  [
    "exec",
    ["`cluster.debug` says who may", "nothing; in production `cluster.debug` names who may"],
  ],
  ["platform", ["nodes are Linux on arm64 or amd64", "an image for one of them"]],
  ["network", network],
  ["logging", logs],
  ["deployment", rollout],
  ["taskdef_overrides", fargate],
  ["observability", ["traces are the stack's", "`insights.applicationSignals`"]],
  ["nlb", ["the platform has no Network Load Balancer", "a route, or one of your own"]],
  ["alb", load],
  ["cdn", load],
  ["http.healthcheck", ["the load balancer takes 200 to 399, and counts once"]],
  ["http", load],
  ["tags", ["tags are the stack's", "`tags`"]],
  ["count.spot", ["capacity is that of the nodes", "`nodes.capacityType`"]],
  ["count.range", scaling],
  ["count", scaling],
  ["storage.ephemeral", ["pods have folders, not a disk", "`writable` with a size"]],
  ["storage.volumes", ["files are in a file system of the stack", "bring the data to it"]],
  ["publish", ["a topic keeps no order", "a queue with `fifo`, where the order counts"]],
  ["subscribe", ["a queue has no such setting", "the program looks at what it receives"]],
  ["image.labels", ["nothing here reads labels"]],
  ["image.credentials", ["images are copied by who runs `pulumi up`", "`docker login` there"]],
  ["image.depends_on", ["sidecars start before the container"]],
  ["image.build", ["Pulumi keeps the cache of builds"]],
  ["image.healthcheck", ["Kubernetes has no such time"]],
  ["image", ["images are the stack's"]],
  ["sidecars.*.labels", ["nothing here reads labels"]],
  [
    "sidecars.*.credentialsParameter",
    ["images are copied by who runs `pulumi up`", "`docker login` there"],
  ],
  ["sidecars.*.depends_on", ["sidecars start in their order, before the container"]],
  [
    "sidecars.*.port",
    ["only the container's own port is reached", "let the container of the service listen"],
  ],
  ["sidecars.*.mount_points", ["files are mounted into the container of the service alone"]],
  ["sidecars.*.healthcheck", ["Kubernetes has no such time"]],
  ["sidecars.*.image.build", ["Pulumi keeps the cache of builds"]],
  ["sidecars.*.variables.*.from_cfn", export_],
  ["sidecars.*.secrets.*.from_cfn", export_],
  ["sidecars.*.essential", ["a sidecar that ends starts again"]],
  ["variables.*.from_cfn", export_],
  ["secrets.*.from_cfn", export_],
];

/** Accounts for the leaves of a manifest that become no setting. */
export function leaveIgnored(leaves: Path[], name: string, report: Report): void {
  for (const leaf of leaves) {
    const path = [name, ...leaf];
    if (report.tells(path)) continue;
    const found = ignored.find(([pattern]) =>
      pattern
        .split(".")
        .every((key, at) => (key === "*" ? leaf[at] !== undefined : leaf[at] === key)),
    );
    if (found) report.left(path, ...found[1]);
  }
}
