import * as z from "zod/mini";

/** Whom the sections of Google's evidence list: at least one project or service account, each by an exact name. */

const named = (pattern: RegExp, error: string) =>
  z.optional(z.array(z.string().check(z.regex(pattern, error))).check(z.minLength(1)));

/** Ids of projects, those of a domain's scope included (`example.com:project`). */
export const projectsField = () =>
  named(
    /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    "expected a project id, not a name or number",
  );

/** @param pattern of the one form in which this kind of evidence names an account */
export const serviceAccountsField = named;

interface Believed {
  readonly projects?: readonly string[] | undefined;
  readonly service_accounts?: readonly string[] | undefined;
}

export const someoneBelieved = <T extends Believed>() =>
  z.refine<T>(
    ({ projects, service_accounts: accounts }) => projects !== undefined || accounts !== undefined,
    { error: "projects or service_accounts is required: what is not named is not accepted" },
  );
