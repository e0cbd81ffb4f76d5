import { z } from "zod";

/** A whole number within bounds. */
export const whole = (min: number, max: number) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.number(allowed).int(allowed).min(min).max(max);
};

/** A text of this form, and how a person is told which. */
export const matching = (pattern: RegExp, allowed: string) =>
  z.string(allowed).regex(pattern, allowed);

export const flag = () => z.boolean("true or false");

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `one of ${values.join(", ")}`);

export const cidrBlock = () => z.cidrv4("an IPv4 network such as 10.0.0.0/16");

export const arn = (kind: string) =>
  matching(/^arn:aws:iam::(\d{12}|aws):[a-z-]+\/.+$/, `the ARN of ${kind}`);

export const principals = () => z.array(arn("an IAM role or user"), "a list of ARNs").default([]);

/** Below 95 the fast burn, 14.4 times the budget, would be more than all requests. */
export const percent = () => z.number("a number from 95 to 99.999").min(95).max(99.999);

const names = "([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}";

export const hostName = () =>
  matching(
    new RegExp(`^(?=.{1,64}$)${names}$`),
    "a host name such as shop.example.com, of at most 64 characters",
  );

/** Elastic Load Balancing, rule conditions: `*` stands for any characters; a certificate's for one label. */
export const routeHost = () =>
  matching(
    new RegExp(`^(?=.{1,64}$)(\\*\\.)?${names}$`),
    "a host name such as shop.example.com, or *.example.com for all names below it, of at most 64 characters",
  );

/** A name that a repository of ECR can have too: no two hyphens in a row. */
export const shortName = (
  allowed = "a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter",
) => matching(/^(?!.*--)[a-z][a-z0-9-]{0,28}[a-z0-9]$/, allowed);

export const clusterName = () =>
  matching(/^[a-z][a-z0-9-]{1,38}$/, "2 to 39 of a-z, 0-9 and -, beginning with a letter");

/** An image's digest, as the source of patterns. service/ and policy/ have their own: they import nothing. */
export const digest = "sha256:[0-9a-f]{64}";
export const digestPattern = new RegExp(`^${digest}$`);
/** `<repository>@<digest>`. */
export const referencePattern = new RegExp(`^[^\\s@]+@${digest}$`);

/** A name of the IANA database; `isTimeZone` says whether it has it. */
export const timeZone = () =>
  matching(
    /^((?![A-Z]{4})[A-Z][A-Za-z0-9+-]+|(US|[A-Z][a-z]+)(\/(?![A-Z_]{4})[A-Z][A-Za-z0-9_+-]+){1,2})$/,
    "a time zone such as Europe/Berlin",
  );

/** Docker's grammar of references (distribution/reference), with a tag or a digest. */
export const imageName = (what: string) => matching(imageReference, what);

const imageReference = new RegExp(
  [
    // A registry, with its port,
    /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?\/)?/,
    // and a path, whose letters are small.
    /[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*/,
    /(?=[:@])(?::\w[\w.-]{0,127})?/,
    new RegExp(`(?:@${digest})?$`),
  ]
    .map(({ source }) => source)
    .join(""),
);

/** Names of variables that say that their value is secret. */
export const secretName = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;
