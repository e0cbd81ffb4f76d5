/** The output of AWS for an input, by the name of the SDK's command. */
export type AwsAnswers = Record<string, (input: never) => object>;

/** AWS's error without the permission. */
export function accessDenied(action: string): Error {
  const message = `User: arn:aws:sts::111122223333:assumed-role/Developer/me is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`;
  return Object.assign(new Error(message), {
    name: "AccessDeniedException",
    $metadata: { httpStatusCode: 403 },
  });
}

interface Client {
  send: unknown;
}

/** Clients of AWS's SDK with these outputs. All other commands fail with AccessDenied. */
export function answered<Clients extends Record<string, object>>(
  clients: Clients,
  answers: AwsAnswers,
): Clients {
  for (const client of Object.values(clients) as Client[]) {
    client.send = async (command: { constructor: { name: string }; input: never }) => {
      const { name } = command.constructor;
      const answer = answers[name];
      if (!answer) throw accessDenied(`service:${name.replace(/Command$/, "")}`);
      return answer(command.input);
    };
  }
  return clients;
}
