import { secretName } from "../../infra/config/values.ts";
import type { Path, Report } from "./report.ts";

/** What names of variables say that is no secret, whatever else they say. */
const plainName =
  /(_FILE|_PATH|_DIR|_URL|_URI|_HOST|_PORT|_USER|_USERNAME|_NAME|_ID|_TTL|_ISSUER|_EXPIRY|_EXPIRES(_IN)?|_LENGTH|_LIFETIME)$|^(ALLOW|DISABLE|ENABLE)_|ALLOW_EMPTY/i;

/** A URL with a password in it. */
const withPassword = /:\/\/[^\s/:@]*:[^\s/@]+@/;

/** Whether a variable's name or value says that its value may stand in no file. */
export function isSecret(name: string, value: string): boolean {
  if (/^(|true|false|yes|no|[01])$/i.test(value)) return false;
  if (withPassword.test(value)) return true;
  // A path of a file that has the secret.
  return secretName.test(name) && !plainName.test(name) && !value.startsWith("/");
}

/** A key of a secret that a person makes, for a variable that stands in no file. Tells the report. */
export function secretKey(
  { secret, name }: { secret: string; name: string },
  { path, to }: { path: Path; to: string },
  report: Report,
): { secret: string; key: string } {
  report.changed(
    path,
    `${to}.secrets.${name}`,
    `a secret of Secrets Manager, ${secret}, with the key ${name}`,
    "make the secret before the first `up`",
  );
  return { secret, key: name };
}
