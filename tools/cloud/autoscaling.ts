import type { Resource } from "../graph/resource.ts";
import { instancePrice } from "./eks.ts";
import { arnOf, hex } from "./naming.ts";
import { type Charges, prices } from "./prices.ts";
import { type ResourceType, seconds } from "./resource-type.ts";

/** Durations: the provider waits until the first instance runs, and until the last one is gone. */
export const autoscaling: Record<string, ResourceType> = {
  "aws:autoscaling/group:Group": {
    duration: seconds(45, 5, 75),
    replacedBy: ["name"],
    required: ["maxSize", "minSize"],
    autoname: { property: "name", maxLength: 255 },
    id: ({ name }) => name,
    computed: ({ cloud, inputs: { name } }) => ({
      arn: arnOf(
        cloud,
        "autoscaling",
        `autoScalingGroup:${hex(name, 8)}:autoScalingGroupName/${name}`,
      ),
    }),
    // Its tags are a list, and the provider's default ones are not among them.
    untagged: true,
    mock: "computed",
    charges: instances,
  },
};

/** The type and the volumes are those of the launch template. */
function instances({ inputs }: Resource, all: Resource[]): Charges {
  const count: number = inputs.desiredCapacity ?? inputs.minSize;
  const template = all.find(({ id }) => id === inputs.launchTemplate?.id)?.inputs ?? {};
  const price = instancePrice(template.instanceType ?? "");
  if (!price) return { unknown: [`${count} × instance type ${template.instanceType}`] };
  const sizes: number[] = (template.blockDeviceMappings ?? []).map(
    ({ ebs }: { ebs: { volumeSize: number } }) => ebs.volumeSize,
  );
  const size = sizes.reduce((sum, one) => sum + one, 0);
  return {
    fixed: [
      { what: `${template.instanceType} NAT instance`, count, price },
      { what: "GB of gp3", count: count * size, price: prices.gp3 },
    ],
  };
}
