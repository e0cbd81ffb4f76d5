import type { Rule } from "../rule.ts";

export const tableRules: Rule[] = [
  {
    error: "ValidationException",
    on: "delete",
    types: ["aws:dynamodb/table:Table"],
    source: "seen by ekristen/aws-nuke, resources/dynamodb-tables_mock_test.go",
    refusal: ({ resource }) =>
      resource.inputs.deletionProtectionEnabled === true
        ? "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
        : undefined,
  },
];
