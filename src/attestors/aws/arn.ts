/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Empty for what is global. */
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  /** All that follows the fifth colon. */
  readonly resource: string;
}

/** Only ARNs that name an account. @returns undefined for anything else */
export function parseArn(text: string): Arn | undefined {
  const parts =
    /^arn:(aws(?:-[a-z]{1,8}){0,3}):([a-z0-9-]{1,40}):([a-z0-9-]{0,40}):(\d{12}):(.+)$/s;
  const [, partition, service, region, account, resource] = parts.exec(text) ?? [];
  if (partition === undefined || service === undefined || region === undefined) return undefined;
  if (account === undefined || resource === undefined) return undefined;
  return { partition, service, region, account, resource };
}

/** Roles that IAM Identity Center makes for people (`AWSReservedSSO_Admin_0123456789abcdef`). */
export function isPersonsRole(name: string): boolean {
  return name.startsWith("AWSReservedSSO_");
}

/** What may stand for a role's name, and for a session's in place of it (IAM and STS API references). */
export const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
