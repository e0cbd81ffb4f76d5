import { nameOf } from "../../cluster-objects.ts";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";
import { eventsOf, quoted } from "../objects.ts";

/** Messages of the AWS Load Balancer Controller 3.5.0. */
const signs: Sign[] = [
  {
    text: /deletion_protection is enabled, cannot delete the ingress: (\S+)|deletion protection is enabled/,
    cause: ([, name]) =>
      `the load balancer is protected from deletion, and ${name ? `Ingress ${name}` : "an Ingress"} of its group is being deleted`,
    remedy:
      "Set ingress.deletionProtection: false and run up, before the Ingress is deleted. No Ingress of the group is served anew until then.",
  },
  {
    text: /subnets count less than minimal required count: (\d+) < (\d+)/,
    cause: ([, found, needed]) =>
      `the controller finds ${found} subnet for the load balancer; it needs ${needed}, in two zones`,
    remedy:
      "Set network.zones to two zones or more, or give the subnets their role tag again by pulumi up --refresh.",
  },
  {
    text: /(\d+) are tagged for other clusters, and 0 have/,
    cause: ([, count]) => `${count} subnets carry the tag of another cluster`,
    remedy:
      "Remove the tag kubernetes.io/cluster/<other> from the subnets, or give the stack a network of its own.",
  },
  {
    text: /(\d+) have insufficient available IP addresses/,
    cause: ([, count]) => `${count} subnets have fewer than 8 free addresses`,
    remedy:
      "Delete what holds addresses in the subnets, or set a larger network.cidrBlock for a new stack.",
  },
  {
    text: /couldn't auto-discover subnets/,
    cause: "the controller finds no subnet for the load balancer",
    remedy: "Run pulumi up --refresh, which gives the subnets their role tags again.",
  },
  {
    text: /is not authorized to perform: (\S+)/,
    cause: ([, action]) => `the controller's role may not do ${action}`,
    remedy: ([, action]) =>
      `Run pulumi up --refresh, which restores the role's policy. Otherwise a permissions boundary or an organization denies ${action}.`,
  },
  {
    text: /(\w+), https response error StatusCode: 403/,
    cause: ([, action]) => `the controller's role may not do ${action}`,
    remedy: "Run pulumi up --refresh, which restores the role's policy.",
  },
  {
    text: /CertificateNotFound|no certificate found for host/,
    cause: "the certificate of the load balancer does not exist in this region",
    remedy:
      "Name an issued certificate of the region in domain.certificateArns, or remove the setting: the stack then makes its own.",
  },
  {
    text: /unable to find port (\S+) on service (\S+)/,
    cause: ([, port, service]) => `Service ${service} has no port ${port}`,
    remedy: "Run pulumi up --refresh: somebody changed the Service or the Ingress by hand.",
  },
  {
    text: /unknown scheme: (\S+)/,
    cause: ([, scheme]) => `the controller knows no scheme ${scheme}`,
    remedy: "Set ingress.scheme to internet-facing or internal, and run up.",
  },
  {
    text: /InvalidConfigurationRequest: (.*)/,
    cause: ([, what]) => `the load balancer does not take an attribute: ${what}`,
    remedy:
      "Remove the attribute from the annotation load-balancer-attributes by pulumi up --refresh.",
  },
  {
    text: /TooManyLoadBalancers|TooManyTargetGroups|TooManyTargets|TooManyRules/,
    cause: ([quota]) => `a quota of Elastic Load Balancing is used up: ${quota}`,
    remedy: "Ask for a higher quota in Service Quotas, or run npm run leftovers.",
  },
];

/** The newest event decides: a refusal that the controller got over is none. */
export const ingressRefused: Check = {
  name: "ingress-refused",
  finds:
    "an Ingress that the load balancer controller refuses: subnets, tags of another cluster, a denied action, certificate, port, scheme, attribute, deletion protection, quota",
  find: (snapshot) =>
    (snapshot.kubernetes.ingresses ?? []).flatMap((ingress) => {
      const [newest] = eventsOf(snapshot, "Ingress", ingress, /^(Failed|SuccessfullyReconciled)/);
      if (!newest || newest.reason === "SuccessfullyReconciled") return [];
      const said = recognised(newest.message ?? "", signs) ?? {
        cause: "the load balancer controller refuses it",
        remedy: "Change what the event names.",
      };
      return [
        {
          object: `Ingress ${nameOf(ingress)}`,
          ...said,
          evidence: quoted(newest),
          namespace: ingress.metadata?.namespace,
        },
      ];
    }),
};
