import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Access } from "../config/resource-schema.ts";

/** What a service or a job gets of a resource that its `uses` names. */
export interface Link {
  /** The resource's name in the settings. */
  resource: string;
  access: Access;
  /** Of its own container, by name. */
  variables: Record<string, pulumi.Input<string>>;
  /** Of its own container, by variable: the ARN of a secret in Secrets Manager, and the key of its JSON. */
  secrets: Record<string, { secret: pulumi.Output<string>; key?: string }>;
  /** Of its role. */
  statements: aws.iam.PolicyStatement[];
  /** Of its network policy. */
  egress: { cidrBlock: string; port: number }[];
  /** What KEDA asks for the number of messages. @default it is no queue */
  queue?: Record<"arn" | "url", pulumi.Output<string>>;
  /** Of its own container, as files. @default none */
  volume?: {
    /** Where it is mounted. */
    path: string;
    readOnly: boolean;
    /** `<file system>::<access point>`, by which the EFS CSI driver mounts it. */
    handle: pulumi.Output<string>;
  };
}

/** Of a component whose name is not that of its resource. */
export interface Named {
  /** The resource's name in the settings, of which its variables are made. @default the component's name */
  resource?: string;
}

/** A resource that services and jobs may use. */
export interface Linkable {
  /** Of its metrics in CloudWatch; none where it has none. */
  readonly dimensions: Record<string, pulumi.Output<string>>;
  /** Of the metrics of its dead-letter queue. @default it has none */
  readonly deadLetterDimensions?: Record<string, pulumi.Output<string>>;
  /** What AWS Backup backs up. @default it holds no data */
  readonly backupArn?: pulumi.Output<string>;
  /** What this access gives; the settings' rules refuse one that the kind does not have. */
  link(access: Access): Link;
}

/** The links of a service's or a job's `uses`, of the resources that are there. */
export const linksOf = (made: Record<string, Linkable>, uses: Record<string, Access>): Link[] =>
  Object.entries(uses).flatMap(([resource, access]) => made[resource]?.link(access) ?? []);

/** The way to AWS, which answers at addresses of its own, or of an endpoint in the VPC. */
export const toAws = { cidrBlock: "0.0.0.0/0", port: 443 };

/** `OrdersDb` of `orders-db`: a statement's Sid has letters and digits only. */
export const sidOf = (resource: string) =>
  resource.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The read actions, the write actions, or both. */
export function actionsFor(
  access: Access,
  { read, write }: Record<"read" | "write", string[]>,
): string[] {
  const both = access === "readWrite" ? [...read, ...write] : access === "read" ? read : write;
  return [...new Set(both)].sort();
}
