/** A statement of an IAM policy's JSON. Components write `aws.iam.PolicyStatement`, which takes outputs. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: Partial<Record<"AWS" | "Service" | "Federated", string | string[]>>;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyDocument {
  Version: string;
  Statement: Statement[];
}

/** `sqs:SendMessage` of `SendMessage`, for each name of a text. */
export const actionsOf = (service: string, names: string): string[] =>
  names.split(" ").map((name) => `${service}:${name}`);
