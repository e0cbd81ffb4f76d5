import type { z } from "zod";
import { domainSchema } from "../../infra/config/domain-schema.ts";
import { regions } from "../../infra/config/known-names.ts";
import { kubernetesVersions, settingsSchema } from "../../infra/config/schema.ts";
import { shortName } from "../../infra/config/values.ts";
import { zonesOf } from "../cloud/naming.ts";
import type { Account } from "./account.ts";

/** The answers, by flag. An empty one means none. */
export type Answers = Record<string, string>;

export interface Question {
  flag: string;
  ask: string;
  /** Of a closed choice. */
  options?: readonly string[];
  /** The answer of those who say nothing. Undefined: there must be one. */
  initial: (answers: Answers, account: Account) => string | undefined;
  /** What is wrong with an answer. */
  problem?: (answer: string) => string | undefined;
  /** Whether it need not be asked after these answers. */
  skip?: (answers: Answers) => boolean;
}

const { shape } = settingsSchema;
const list = (text: string) => text.split(",").map((one) => one.trim());
const own = ({ image }: Answers) => image === "";

/** Of infra/config: what a setting takes is known in one place. */
const by =
  (schema: z.ZodType, read: (text: string) => unknown = String) =>
  (answer: string) => {
    const issue = schema.safeParse(read(answer)).error?.issues[0];
    return (
      issue && `${answer || "nothing"} is not allowed: ${issue.message.replace(", in quotes", "")}`
    );
  };
const orNone = (check: (answer: string) => string | undefined) => (answer: string) =>
  answer === "" ? undefined : check(answer);

/** In the order in which they are asked. */
export const questions: Question[] = [
  {
    flag: "account",
    ask: "AWS account of both stacks",
    initial: (_, { accountId }) => accountId,
    problem: by(shape.accountId),
  },
  {
    flag: "region",
    ask: "AWS region",
    initial: () => process.env.AWS_REGION ?? "eu-central-1",
    problem: (answer) =>
      regions.has(answer) ? undefined : `${answer} is not allowed: a region such as eu-central-1`,
  },
  {
    flag: "zones",
    ask: "Availability zones; dev takes the first two",
    initial: ({ region = "" }, { zones = zonesOf(region) }) => zones.slice(0, 3).join(","),
    problem: by(shape.network.in.shape.zones, list),
  },
  {
    flag: "name",
    ask: "Name; the clusters are <name>-dev and <name>-prod",
    initial: () => "platform",
    problem: (answer) => by(shape.cluster.shape.name)(`${answer}-prod`),
  },
  {
    flag: "admins",
    ask: "ARNs of the IAM roles or users that administer the clusters, and run pulumi up",
    initial: (_, { principal }) => principal,
    problem: by(shape.cluster.shape.admins, list),
  },
  {
    flag: "api-cidrs",
    ask: "Networks that may reach the Kubernetes API, such as that of your office",
    initial: () => undefined,
    problem: by(shape.cluster.shape.publicAccessCidrs, list),
  },
  {
    flag: "kubernetes",
    ask: "Kubernetes version",
    options: kubernetesVersions,
    initial: () => kubernetesVersions.at(-1),
    problem: by(shape.cluster.shape.kubernetesVersion),
  },
  {
    flag: "architecture",
    ask: "CPU architecture of nodes and images",
    options: ["arm64", "amd64"],
    initial: () => "arm64",
    problem: (answer) =>
      ["arm64", "amd64"].includes(answer)
        ? undefined
        : `${answer} is not allowed: one of arm64, amd64`,
  },
  {
    flag: "domain",
    ask: "Host name of prod, such as shop.example.com; none: HTTP at the load balancer's name",
    initial: () => "",
    problem: orNone(by(domainSchema.shape.hostName)),
  },
  {
    flag: "hosted-zone",
    ask: "Its public hosted zone in Route 53; none: you set its DNS records",
    initial: () => "",
    problem: orNone(by(domainSchema.shape.hostedZoneId)),
    skip: ({ domain }) => domain === "",
  },
  {
    flag: "on-call",
    ask: "Mail address that gets the alarms of prod; none: no alarms",
    initial: () => "",
  },
  {
    flag: "image",
    ask: "Image of your service, or a folder with its Dockerfile; none: the service of this repository",
    initial: () => "",
  },
  {
    flag: "service",
    ask: "Name of your service",
    initial: () => "web",
    problem: by(shortName()),
    skip: own,
  },
  {
    flag: "port",
    ask: "Port that it listens on",
    initial: () => "8080",
    problem: (answer) =>
      /^\d{2,5}$/.test(answer) ? undefined : `${answer} is not allowed: a port such as 8080`,
    skip: own,
  },
  {
    flag: "health",
    ask: "Path that answers 200 once it is ready",
    initial: () => "/",
    problem: (answer) =>
      answer.startsWith("/") ? undefined : `${answer} is not allowed: a path such as /healthz`,
    skip: own,
  },
];
