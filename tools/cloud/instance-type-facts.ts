import { instanceType } from "../../infra/cluster/instance-types.ts";
import type { Properties } from "../graph/resource.ts";

/** GiB of memory per vCPU by the first letter of a family; 4 for all others (EC2, instance type names). */
const memoryGiBPerVcpu: Record<string, number> = { c: 2, d: 8, i: 8, r: 8, x: 16, z: 8 };

/** Families before the Nitro System (EC2 Instance Types Guide, previous generation and Xen-based instances). */
const onXen = /^(t[12]|m[1-4]|c[134]|r[34]|x1e?|d2|i2|i3|h1|p[23]|g[23]|f1)$/;

/**
 * What `getInstanceType` returns in simulations: the facts of instance-types.ts, or those that the name of
 * the type tells. Interfaces are then as on generation 7 of the m family; sizes above its largest have its numbers.
 */
export function instanceTypeFacts(name: string): Properties {
  const [family = "", size = ""] = name.split(".");
  const general = instanceType(`m7i.${size}`) ?? instanceType("m7i.24xlarge");
  const { vcpus = 0, interfaces, addressesPerInterface } = general ?? {};
  const memoryMiB = vcpus * 1024 * (memoryGiBPerVcpu[family[0] ?? ""] ?? 4);
  const facts = { vcpus, memoryMiB, interfaces, addressesPerInterface, ...instanceType(name) };
  return {
    id: name,
    instanceType: name,
    // Graviton families have a `g` after the number of their generation.
    supportedArchitectures: [/^[a-z]+\d+g/.test(family) ? "arm64" : "x86_64"],
    hypervisor: onXen.test(family) ? "xen" : "nitro",
    defaultVcpus: facts.vcpus,
    memorySize: facts.memoryMiB,
    maximumNetworkInterfaces: facts.interfaces,
    maximumIpv4AddressesPerInterface: facts.addressesPerInterface,
  };
}
