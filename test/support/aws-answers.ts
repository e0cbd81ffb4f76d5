/** By the name of the command of AWS's SDK, what AWS answers to an input. */
export type AwsAnswers = Record<string, (input: never) => object>;

/** What AWS says to somebody without the right. */
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

/** Clients of AWS's SDK that get these answers; AWS refuses all other commands. */
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
