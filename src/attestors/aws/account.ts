import * as z from "zod/mini";

/** An AWS account id. A number would have lost its leading zeros. */
export const accountField = () =>
  z.string().check(z.regex(/^\d{12}$/, "expected an account id: 12 digits, in quotes"));
