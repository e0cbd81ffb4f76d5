import type { Check } from "../finding.ts";

/** A name may be an alias, so addresses are compared. A proxy before the load balancer looks like elsewhere. */
export const dnsElsewhere: Check = {
  name: "dns-elsewhere",
  finds: "host names without a record, or that lead to something else than the load balancer",
  find: ({ hostNames, dns, aws: { loadBalancers = [] } }) => {
    const targets = loadBalancers.flatMap(({ DNSName: name }) => name ?? []);
    if (targets.length === 0) return [];
    const answerOf = (name: string) => dns.find((one) => one.name === name);
    const own = targets.flatMap((name) => answerOf(name)?.addresses ?? []);
    return hostNames.flatMap((name) => {
      const answer = answerOf(name);
      const object = `host name ${name}`;
      const remedy = `Let it lead to ${targets[0]} by an alias or a CNAME record. docs/domains.md`;
      if (answer?.code === "ENOTFOUND" || answer?.code === "ENODATA") {
        const evidence = `DNS answers ${answer.code} for ${name}`;
        return [{ object, cause: "the host name has no record", evidence, remedy }];
      }
      const known = answer && answer.addresses.length > 0 && own.length > 0;
      if (!known || answer.addresses.some((address) => own.includes(address))) return [];
      return [
        {
          object,
          cause: "the host name does not lead to the load balancer",
          evidence: `${name} is ${answer.addresses.join(", ")}; ${targets[0]} is ${own.join(", ")}`,
          remedy,
        },
      ];
    });
  },
};
