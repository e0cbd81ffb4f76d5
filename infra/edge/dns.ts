import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { DomainConfig, DomainZone } from "../config/domain-schema.ts";

/** The host names of a stack. */
export interface DomainArgs extends Pick<DomainConfig, "hostName" | "certificateArns"> {
  /** All of them, with the hosted zones of their records. */
  hostNames: DomainZone[];
}

/** A record that a person sets. */
export interface DnsRecord {
  name: string;
  type: string;
  value: string;
}

export interface RecordProvidersArgs {
  domains: [at: string, DomainZone][];
  provider: aws.ProviderArgs;
}

/** A provider for each role that changes hosted zones of other accounts, by the role's ARN. */
export type RecordProviders = Record<string, aws.Provider>;

/** Makes them. Each refuses to work in another account than its role's. */
export function makeRecordProviders({ domains, provider }: RecordProvidersArgs): RecordProviders {
  const roles = new Set(domains.flatMap(([, { hostedZoneRoleArn }]) => hostedZoneRoleArn ?? []));
  return Object.fromEntries(
    [...roles].map((roleArn) => {
      const accountId = roleArn.split(":")[4] ?? "";
      const roleName = roleArn.split("/").at(-1);
      const args = { ...provider, allowedAccountIds: [accountId], assumeRoles: [{ roleArn }] };
      return [roleArn, new aws.Provider(`records-${accountId}-${roleName}`, args)];
    }),
  );
}

/** The options of a record: made by the role of its hosted zone, if that is of another account. */
export function recordOptions(
  parent: pulumi.Resource,
  { hostedZoneRoleArn }: DomainZone,
  providers: RecordProviders,
): pulumi.CustomResourceOptions {
  const provider = hostedZoneRoleArn && providers[hostedZoneRoleArn];
  return { parent, ...(provider && { provider }) };
}
