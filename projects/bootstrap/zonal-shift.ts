import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { actionsOf, type Statement } from "../../infra/cluster/policy-document.ts";
import { documentOf, type Place, path } from "./policies.ts";

/**
 * Taking a zone out of service for clusters and Application Load Balancers of a region, and putting it back
 * (ARC Developer Guide, IAM and permissions for zonal shift). It cannot let AWS do so by itself, which is
 * zonal autoshift. Lists take no resource.
 */
export function shiftStatements({ region, accountId }: Place): Statement[] {
  const own = (service: string, kind: string) =>
    `arn:aws:${service}:${region}:${accountId}:${kind}/*`;
  return [
    {
      Sid: "ShiftZones",
      Effect: "Allow",
      Action: actionsOf(
        "arc-zonal-shift",
        "CancelZonalShift GetManagedResource StartZonalShift UpdateZonalShift",
      ),
      Resource: "*",
      Condition: {
        StringLike: {
          "arc-zonal-shift:ResourceIdentifier": [
            own("eks", "cluster"),
            own("elasticloadbalancing", "loadbalancer/app"),
          ],
        },
      },
    },
    {
      Sid: "Find",
      Effect: "Allow",
      Action: [
        ...actionsOf("arc-zonal-shift", "ListManagedResources ListZonalShifts"),
        ...actionsOf("ec2", "DescribeAvailabilityZones"),
        ...actionsOf("elasticloadbalancing", "DescribeLoadBalancers"),
      ],
      Resource: "*",
      Condition: { StringEquals: { "aws:RequestedRegion": region } },
    },
  ];
}

/**
 * The policy of people who may take an impaired zone out of service. Nobody has it until somebody attaches it.
 *
 * Its name is fixed, because a permission set of IAM Identity Center finds it by name and path.
 */
export class ZonalShift extends pulumi.ComponentResource {
  readonly policyArn: pulumi.Output<string>;

  constructor(name: string, place: Place, opts?: pulumi.ComponentResourceOptions) {
    super("bootstrap:zonal-shift:ZonalShift", name, {}, opts);
    this.policyArn = new aws.iam.Policy(
      name,
      { name: `shift-${place.region}`, path, policy: documentOf(shiftStatements(place)) },
      { parent: this },
    ).arn;
    this.registerOutputs({ policyArn: this.policyArn });
  }
}
