import type { Statement } from "../../infra/cluster/policy-document.ts";
import type { BootstrapConfig } from "./bootstrap-config.ts";
import { actionsOf } from "./permissions.ts";
import {
  hostedZoneStatements,
  type Place,
  path,
  readsParameters,
  runsStatements,
} from "./policies.ts";

/**
 * The boundary of the roles that a deployment makes: anything but identities, Pulumi's state and
 * the keys of delivery.
 */
export function workloadStatements(bucketArn: string, keyArns: string[]): Statement[] {
  const delivery = [bucketArn, `${bucketArn}/*`, ...keyArns];
  return [
    {
      Sid: "AllButIdentities",
      Effect: "Allow",
      NotAction: ["iam:*", "sts:*", "organizations:*", "account:*"],
      Resource: "*",
    },
    {
      // Of EKS, its Auto Mode, the load balancer controller and Karpenter.
      Sid: "ServiceLinkedRolesAndCertificates",
      Effect: "Allow",
      Action: [
        ...["CreateServiceLinkedRole", "GetServerCertificate", "ListServerCertificates"],
        ...["GetInstanceProfile", "ListInstanceProfiles"],
      ].map((action) => `iam:${action}`),
      Resource: "*",
    },
    {
      Sid: "RoleOfStartedNodes",
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: ["karpenter-node", "cluster-auto-nodes"].map(
        (part) => `arn:aws:iam::*:role/${part}-*`,
      ),
      Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
    { Sid: "NotDelivery", Effect: "Deny", Action: ["s3:*", "kms:*"], Resource: delivery },
  ];
}

/**
 * The boundary of the deploy roles, whatever is attached to them: the services of the platform, but
 * no people, no other roles, and nothing of what this program made but the use of state and keys.
 */
export function boundaryStatements(
  { accountId, hostedZoneRoleArns }: Place & Pick<BootstrapConfig, "hostedZoneRoleArns">,
  bucketArn: string,
  keyArns: string[],
  providerArn: string,
): Statement[] {
  const services = [
    ...[...actionsOf("read"), ...actionsOf("write")],
    ...[runsStatements, readsParameters],
  ].map((one) => one.split(":")[0]);
  const own = (kind: string) => `arn:aws:iam::${accountId}:${kind}${path}*`;
  const deny = (sid: string, actions: string[], resource: Statement["Resource"]): Statement => ({
    Sid: sid,
    Effect: "Deny",
    Action: actions,
    Resource: resource,
  });
  return [
    {
      Sid: "Services",
      Effect: "Allow",
      Action: [...new Set(services)].map((service) => `${service}:*`),
      Resource: "*",
    },
    ...hostedZoneStatements({ hostedZoneRoleArns }),
    deny(
      "NoPeople",
      ["CreateUser", "CreateGroup", "CreateLoginProfile", "UpdateLoginProfile", "CreateAccessKey"]
        .concat(["AttachUserPolicy", "PutUserPolicy", "AttachGroupPolicy", "PutGroupPolicy"])
        .map((action) => `iam:${action}`),
      "*",
    ),
    deny(
      "NotDeliveryItself",
      ["Create*", "Delete*", "Put*", "Attach*", "Detach*", "Update*", "Add*", "Remove*", "Set*"]
        .concat(["Tag*", "Untag*", "PassRole"])
        .map((action) => `iam:${action}`),
      [own("role"), own("policy"), providerArn],
    ),
    deny(
      "NotTheBucket",
      ["s3:DeleteBucket*", "s3:PutBucket*", "s3:PutEncryptionConfiguration"].concat([
        "s3:PutLifecycleConfiguration",
        "s3:DeleteObjectVersion",
      ]),
      [bucketArn, `${bucketArn}/*`],
    ),
    deny(
      "NotTheKeys",
      ["kms:ScheduleKeyDeletion", "kms:Disable*", "kms:PutKeyPolicy", "kms:CreateGrant"],
      keyArns,
    ),
  ];
}
