import { blockOf, contains } from "../network/cidr.ts";
import { needsKeda } from "../services/keda-needs.ts";
import { imagePlaces } from "./image-names.ts";
import { rule, workloadsOf } from "./setting-rule.ts";

/** RFC 1918, and RFC 6598's, which EKS takes for pods too. */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Rules of the network that the program makes, and of one that is there already. */
export const networkRules = [
  rule(["network", "region"], ({ network: { zones }, region }) => [
    ...zones
      .filter((zone) => !new RegExp(`^${region}[a-z]$`).test(zone))
      .map((zone) => `network.zones: ${zone} is not a zone of region ${region}`),
    new Set(zones).size < zones.length && `network.zones: ${zones.join(", ")} names a zone twice`,
  ]),
  rule(["network"], ({ network: { cidrBlock } }) => {
    const { address, prefix, size } = blockOf(cidrBlock);
    return [
      !privateNetworks.some((network) => contains(network, cidrBlock)) &&
        `network.cidrBlock: ${cidrBlock} is not allowed: a part of ${privateNetworks.join(", ")}, which nobody has on the internet`,
      (prefix < 16 || prefix > 19) &&
        `network.cidrBlock: ${cidrBlock} is not allowed: a prefix from /16 (the most that AWS gives a VPC) to /19 (a load balancer needs a /27 in each zone)`,
      address % size !== 0 && `network.cidrBlock: ${cidrBlock} has bits beyond its prefix`,
    ];
  }),
  rule(["environment", "network"], ({ environment, network: { egress, natPerZone } }) => [
    egress === "instance" &&
      environment === "production" &&
      "network.egress: instance is not allowed in production: while the one instance is replaced, nothing leaves the network; allowed: gateway",
    egress === "instance" &&
      natPerZone &&
      "network.natPerZone: true goes with network.egress gateway; there is one NAT instance for all zones",
    egress === "none" &&
      natPerZone &&
      "network.natPerZone: true goes with network.egress gateway; with none there is no NAT",
  ]),
  rule(
    ["network", "services", "insights", "firewall", "autoscaler"],
    ({ network: { egress }, services, insights, firewall, autoscaler }) => {
      const needs = (at: string, why: string) =>
        `${at} does not work with network.egress none: ${why}; allowed: network.egress gateway`;
      if (egress !== "none") return [];
      return [
        firewall.enabled &&
          needs(
            "firewall.enabled: true",
            "the load balancer controller asks AWS WAF, which it is told not to (EKS User Guide, private clusters)",
          ),
        insights.applicationSignals &&
          needs("insights.applicationSignals: true", "its images and its API are not copied"),
        insights.variant === "opentelemetry" &&
          needs("insights.variant: opentelemetry", "AWS names no endpoint that takes OTLP metrics"),
        autoscaler.spareCapacity.replicas > 0 &&
          needs("autoscaler.spareCapacity", "its image is in registry.k8s.io"),
        ...Object.entries(services).map(
          ([name, service]) =>
            needsKeda(service) &&
            needs(`services.${name}.scale`, "it needs KEDA, whose images are in ghcr.io"),
        ),
      ];
    },
  ),
  rule(["network", "services", "jobs"], ({ network: { egress, cidrBlock }, ...settings }) =>
    egress === "none"
      ? workloadsOf(settings).flatMap(([at, workload]) =>
          workload.egress
            .filter((one) => !contains(cidrBlock, one.cidrBlock))
            .map(
              (one) =>
                `${at}.egress: ${one.cidrBlock} is outside the VPC, which network.egress none does not let out of; allowed: networks in ${cidrBlock}, where the endpoints are too`,
            ),
        )
      : [],
  ),
  rule(["network", "region", "services", "jobs"], ({ network: { egress }, region, ...settings }) =>
    egress === "none"
      ? imagePlaces(settings).map(
          ({ at, image: { repositoryUrl } }) =>
            repositoryUrl !== undefined &&
            !repositoryUrl.includes(`.${region}.`) &&
            `${at}.image.repositoryUrl: ${repositoryUrl} is in another region, which network.egress none does not reach; allowed: a repository of ${region}`,
        )
      : [],
  ),
  rule(["network"], ({ network: { zones, existing } }) => {
    const { publicSubnetIds = [], privateSubnetIds = [] } = existing ?? {};
    const all = [...publicSubnetIds, ...privateSubnetIds];
    const repeated = new Set(all.filter((id, at) => all.indexOf(id) !== at));
    return [
      ...Object.entries({ publicSubnetIds, privateSubnetIds }).map(
        ([key, { length }]) =>
          existing !== undefined &&
          length !== zones.length &&
          (key === "privateSubnetIds" || length > 0) &&
          `network.existing.${key}: ${length} subnets for ${zones.length} zones; allowed: one for each of network.zones, in their order: ${zones.join(", ")}`,
      ),
      ...[...repeated].map((id) => `network.existing: ${id} is named twice`),
    ];
  }),
  rule(["network", "ingress"], ({ network: { existing }, ingress: { scheme } }) => [
    existing?.publicSubnetIds.length === 0 &&
      scheme === "internet-facing" &&
      "network.existing.publicSubnetIds: is empty; ingress.scheme internet-facing needs a public subnet in each zone",
    existing !== undefined &&
      existing.publicSubnetIds.length > 0 &&
      scheme === "internal" &&
      "network.existing.publicSubnetIds: nothing is in them with ingress.scheme internal, whose load balancer is in the private ones; leave them out",
  ]),
];
