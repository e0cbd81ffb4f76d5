import { identityOf } from "../identities.ts";
import { outputsOf } from "../outputs.ts";
import type { Caller, Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { annotation, attributesOf, ingressType } from "./load-balancer-rules.ts";

const certificateType = "aws:acm/certificate:Certificate";
const recordType = "aws:route53/record:Record";
const bucketType = "aws:s3/bucket:Bucket";
const minutes = (count: number) => count * 60;

/** The Ingresses with this value of an annotation. */
function users(world: World, name: string, value: string): CloudResource[] {
  return world
    .all(ingressType)
    .filter(({ inputs }) => annotation(inputs, name)?.split(",").includes(value));
}

const names = (resources: CloudResource[]) => resources.map(({ id }) => id).join(", ");

/** All regex patterns of rules, at any depth. */
function regexPatterns(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === "regexString" ? [String(value)] : regexPatterns(value),
  );
}

/** Why a caller may not use a hosted zone: a role reaches the zones of its own account only. */
export function zoneProblem(world: World, zoneId: string, caller: Caller): string | undefined {
  const [owner = world.accountId, by = world.accountId] = [
    world.zoneAccounts[zoneId],
    caller.accountId,
  ];
  return owner === by
    ? undefined
    : `User: ${world.principal} is not authorized to access this resource`;
}

/** Refusals about certificate, web ACL, DNS records and log bucket. */
export const edgeRules: Rule[] = [
  ...(["create", "delete"] as const).map(
    (on): Rule => ({
      error: "AccessDenied",
      on,
      types: [recordType],
      source:
        "Amazon Route 53 Developer Guide, identity and access management: a zone has no policy of its own, so another account reaches it by a role",
      refusal: ({ world, inputs, caller }) => zoneProblem(world, inputs.zoneId, caller),
    }),
  ),
  {
    error: "InvalidChangeBatch",
    on: "create",
    types: [recordType],
    source: "Amazon Route 53 API, ChangeResourceRecordSets",
    refusal: ({ world, inputs }) => {
      const zone = world.hostedZones[inputs.zoneId];
      const name = String(inputs.name).replace(/\.$/, "");
      return zone === undefined || name === zone || name.endsWith(`.${zone}`)
        ? undefined
        : `RRSet with DNS name ${name}. is not permitted in zone ${zone}.`;
    },
  },
  {
    error: "ValidationTimedOut",
    on: "create",
    types: ["aws:acm/certificateValidation:CertificateValidation"],
    source: "AWS Certificate Manager User Guide, DNS validation: pending until the records exist",
    timeoutSeconds: minutes(75),
    refusal: ({ world, inputs }) => {
      const certificate = world.get(certificateType, inputs.certificateArn);
      const missing = certificate?.outputs.domainValidationOptions.find(
        ({ resourceRecordName }: { resourceRecordName: string }) =>
          !world.recordsOfPeople.has(resourceRecordName) &&
          !world.live(recordType).some(({ inputs: record }) => record.name === resourceRecordName),
      );
      return missing && `${missing.domainName}: its validation record is not in DNS`;
    },
  },
  {
    error: "ResourceInUseException",
    on: "delete",
    types: [certificateType],
    source:
      "AWS Certificate Manager API, DeleteCertificate; the provider tries again for 20 minutes",
    timeoutSeconds: minutes(20),
    refusal: ({ world, resource }) => {
      const used = users(world, "certificate-arn", resource.id);
      return used.length > 0
        ? `Certificate ${resource.id} is in use by the load balancer of Ingress ${names(used)}`
        : undefined;
    },
  },
  {
    error: "WAFAssociatedItemException",
    on: "delete",
    types: ["aws:wafv2/webAcl:WebAcl"],
    source: "AWS WAF API, DeleteWebACL; the provider tries again for 5 minutes",
    timeoutSeconds: minutes(5),
    refusal: ({ world, resource }) => {
      const used = users(world, "wafv2-acl-arn", resource.outputs.arn);
      return used.length > 0
        ? `AWS WAF couldn't perform the operation because your resource is being used by another resource: the load balancer of Ingress ${names(used)}`
        : undefined;
    },
  },
  {
    error: "WAFInvalidParameterException",
    on: "create",
    types: ["aws:wafv2/webAcl:WebAcl"],
    source:
      "AWS WAF API, VisibilityConfig: a metric's name can't be one that is reserved for AWS WAF, for example All and Default_Action; their case is not documented",
    refusal: ({ inputs }) => {
      const configs: Props[] = [inputs, ...(inputs.rules ?? [])].map((one) => one.visibilityConfig);
      const reserved = configs.find((one) => /^(all|default_action)$/i.test(one?.metricName ?? ""));
      return (
        reserved &&
        `Error reason: The parameter contains formatting that is not valid., field: METRIC_NAME, parameter: ${reserved.metricName}`
      );
    },
  },
  {
    error: "WAFLimitsExceededException",
    on: "create",
    types: ["aws:wafv2/webAcl:WebAcl"],
    source:
      "AWS WAF Developer Guide, quotas: 200 characters of a regex pattern, fixed; terraform-provider-aws#33626",
    refusal: ({ inputs }) =>
      regexPatterns(inputs.rules).some((pattern) => pattern.length > 200)
        ? "AWS WAF couldn't perform the operation because you exceeded your resource limit"
        : undefined,
  },
  {
    error: "InvalidParameterException",
    on: "create",
    types: ["aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"],
    source: "AWS WAF Developer Guide: the log group's name begins with aws-waf-logs-",
    refusal: ({ inputs }) =>
      (inputs.logDestinationConfigs as string[]).every((arn) => /:aws-waf-logs-/.test(arn))
        ? undefined
        : `The ARN isn't valid: ${inputs.logDestinationConfigs}`,
  },
  {
    error: "InvalidConfigurationRequest",
    on: "create",
    phase: "after",
    types: [ingressType],
    source: "Elastic Load Balancing User Guide, access logs: the bucket's policy must allow them",
    timeoutSeconds: minutes(10),
    refusal: ({ world, inputs }) => {
      const closed = Object.entries(attributesOf(inputs, "load-balancer"))
        .filter(([name]) => name.endsWith(".s3.bucket"))
        .find(
          ([, bucket]) =>
            !world
              .live("aws:s3/bucketPolicy:BucketPolicy")
              .some(
                ({ inputs: policy }) =>
                  policy.bucket === bucket &&
                  JSON.stringify(policy.policy).includes("logdelivery.elasticloadbalancing"),
              ),
        );
      return closed && `Access Denied for bucket: ${closed[1]}. Please check S3bucket permission`;
    },
  },
  {
    error: "BucketNotEmpty",
    on: "delete",
    types: [bucketType],
    source: "Amazon S3 API, DeleteBucket; the provider empties it with forceDestroy",
    refusal: ({ resource }) =>
      resource.inputs.forceDestroy !== true && resource.outputs.objects > 0
        ? `The bucket you tried to delete is not empty: ${resource.id}`
        : undefined,
  },
];

/** Adds another stack's certificate for the name. Both certificates have the same validation record. */
export function issueElsewhere(world: World, domainName: string, zoneId: string): void {
  const others = "another stack of the account";
  const inputs = { domainName, validationMethod: "DNS" };
  const id = identityOf(certificateType, inputs, world);
  const certificate = world.addUnmanaged(certificateType, id, others, `of ${others}`, inputs);
  certificate.outputs = outputsOf(certificateType, { world, id, inputs, caller: {} });
  const [option] = certificate.outputs.domainValidationOptions;
  const record = {
    zoneId,
    name: option.resourceRecordName,
    type: option.resourceRecordType,
    records: [option.resourceRecordValue],
  };
  const recordId = identityOf(recordType, record, world);
  for (const resource of [
    certificate,
    world.addUnmanaged(recordType, recordId, others, `of ${others}`, record),
  ]) {
    resource.kept = true;
  }
}

/** Certificates that ACM cannot renew: their validation record is deleted. */
export function withoutRenewal(world: World): CloudResource[] {
  return world
    .all(certificateType)
    .filter(({ outputs }) => outputs.renewalStatus === "PENDING_VALIDATION");
}

export const edgeEffects: Effect[] = [
  {
    on: "create",
    types: [certificateType],
    source: "a person sets the records that `up` prints (docs/domains.md)",
    run: ({ world, resource }) => {
      const after = world.recordsSetAfter;
      const options: Props[] = resource.outputs.domainValidationOptions;
      if (after === undefined) return;
      world.clock.later(after, () => {
        for (const { resourceRecordName } of options) world.recordsOfPeople.add(resourceRecordName);
      });
    },
  },
  {
    on: "delete",
    types: [recordType],
    source:
      "AWS Certificate Manager User Guide, managed renewal: it needs each validation record in DNS",
    run: ({ world, resource }) => {
      const name = resource.inputs.name;
      for (const { outputs } of world.all(certificateType)) {
        const options: Props[] = outputs.domainValidationOptions;
        if (options.some(({ resourceRecordName }) => resourceRecordName === name)) {
          outputs.renewalStatus = "PENDING_VALIDATION";
        }
      }
    },
  },
  {
    on: "create",
    types: [ingressType],
    source:
      "Elastic Load Balancing User Guide, access logs: a test file, then a file each 5 minutes",
    run: ({ world, inputs }) => {
      for (const [name, bucket] of Object.entries(attributesOf(inputs, "load-balancer"))) {
        const resource = name.endsWith(".s3.bucket") && world.get(bucketType, bucket);
        if (resource) resource.outputs.objects = 1;
      }
    },
  },
];
